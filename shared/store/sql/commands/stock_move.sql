-- Receives or adjusts stock: the movement and the counter together (STOCK-10). `kind` is receive or adjust; of an adjustment the quantity may
-- be below zero. A repeated request must not receive twice, so it takes a key like every change.
-- in: sku text, warehouse_id text, kind text, quantity bigint, actor text, idempotency…?
-- refuses: sku_unknown, warehouse_unknown, stock_would_be_negative, idempotency_key_seen
@idempotent
refuse 'sku_unknown' where not exists (select 1 from sku where sku = :sku);
perform 1 from warehouse where warehouse_id = :warehouse_id for key share; -- only postgres
refuse 'warehouse_unknown' where not exists (select 1 from warehouse where warehouse_id = :warehouse_id);
-- A row first, so that there is one to lock, then the delta: an upsert of a negative quantity fails the row's CHECK before it meets the conflict.
insert into stock (sku, warehouse_id, on_hand, reserved) values (:sku, :warehouse_id, 0, 0) on conflict do nothing;
lock stock where sku = :sku and warehouse_id = :warehouse_id;
refuse 'stock_would_be_negative'
  where (select on_hand - reserved from stock where sku = :sku and warehouse_id = :warehouse_id) + :quantity < 0;
update stock set on_hand = on_hand + :quantity where sku = :sku and warehouse_id = :warehouse_id;
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  values (:sku, :warehouse_id, :kind, :quantity, 0, :actor, now_ms());
@finish
returning
(select object('sku', sku, 'warehouse_id', warehouse_id, 'on_hand', on_hand, 'reserved', reserved) from stock where sku = :sku and warehouse_id = :warehouse_id)
