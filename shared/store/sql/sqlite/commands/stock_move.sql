-- Receives or adjusts stock: the movement and the counter together (STOCK-10).
-- A repeated request must not receive twice, so it takes a key like every change.
-- in: sku, warehouse_id, kind (receive | adjust), quantity (of either sign for adjust), actor, idempotency…?
-- refuses: sku_unknown, warehouse_unknown, stock_would_be_negative, idempotency_key_seen
@idempotent
select raise(abort, 'sku_unknown') where not exists (select 1 from sku where sku = :sku);
select raise(abort, 'warehouse_unknown') where not exists (select 1 from warehouse where warehouse_id = :warehouse_id);
select raise(abort, 'stock_would_be_negative')
  where coalesce((select on_hand - reserved from stock where sku = :sku and warehouse_id = :warehouse_id), 0) + :quantity < 0;
-- A row first, then the delta: an upsert of a negative quantity fails the row's CHECK before it meets the conflict.
insert into stock (sku, warehouse_id, on_hand, reserved) values (:sku, :warehouse_id, 0, 0) on conflict do nothing;
update stock set on_hand = on_hand + :quantity where sku = :sku and warehouse_id = :warehouse_id;
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  values (:sku, :warehouse_id, :kind, :quantity, 0, :actor, now_ms());
@finish
returning
(select json_object('sku', sku, 'warehouse_id', warehouse_id, 'on_hand', on_hand, 'reserved', reserved) from stock where sku = :sku and warehouse_id = :warehouse_id)
