-- The one transaction that makes an order out of an authorized saga (CHK-6): order, lines, number, stock committed,
-- payment, cart and session completed, history and events. All of it was decided in the saga's plan. A payment of nothing is captured
-- with it, and has no reference.
-- in: saga_id, lease_token, to_state, reference?, capture, events
-- refuses: saga_moved_on, reservation_expired, cart_converted, payment_reference_taken
select raise(abort, 'saga_moved_on')
  where not exists (select 1 from saga where saga_id = :saga_id and lease_token = :lease_token and state in ('authorizing', 'awaiting_action'));
select raise(abort, 'reservation_expired')
  where exists (select 1 from saga, json_each(saga.plan, '$.lines') as line
    left join reservation on reservation.reservation_id = line.value ->> 'reservation_id'
      and reservation.status = 'active' and reservation.expires_at_ms > now_ms()
    where saga.saga_id = :saga_id and reservation.reservation_id is null);
insert into order_counter (day, last) values (strftime('%Y%m%d', now_ms() / 1000, 'unixepoch'), 1)
  on conflict (day) do update set last = last + 1;
insert into orders (order_id, order_number, cart_id, session_id, owner, status, version, currency, subtotal_minor, discount_minor,
    shipping_minor, tax_minor, total_minor, detail, contact, created_at_ms, updated_at_ms)
  select plan ->> 'order_id', 'ORD-' || day || '-' || printf('%06d', last), saga.cart_id, saga.session_id, saga.owner, 'confirmed', 1, plan ->> 'currency',
    plan ->> 'subtotal_minor', plan ->> 'discount_minor', plan ->> 'shipping_minor', plan ->> 'tax_minor', plan ->> 'total_minor',
    json_set(plan ->> 'detail', '$.saga_id', saga.saga_id), session.contact, now_ms(), now_ms()
  from saga join checkout_session as session on session.session_id = saga.session_id
  join order_counter on day = strftime('%Y%m%d', now_ms() / 1000, 'unixepoch')
  where saga.saga_id = :saga_id;
insert into order_line (order_id, line_no, sku, product_id, name, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, detail, warehouse_id, reservation_id)
  select plan ->> 'order_id', line.value ->> 'line_no', line.value ->> 'sku', line.value ->> 'product_id', line.value ->> 'name', line.value ->> 'quantity',
    line.value ->> 'unit_price_minor', line.value ->> 'subtotal_minor', line.value ->> 'discount_minor', line.value ->> 'tax_minor', line.value ->> 'total_minor',
    line.value ->> 'detail', line.value ->> 'warehouse_id', line.value ->> 'reservation_id'
  from saga, json_each(saga.plan, '$.lines') as line where saga.saga_id = :saga_id;
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select line.value ->> 'sku', line.value ->> 'warehouse_id', 'commit', -(line.value ->> 'quantity'), -(line.value ->> 'quantity'), line.value ->> 'reservation_id', now_ms()
  from saga, json_each(saga.plan, '$.lines') as line where saga.saga_id = :saga_id;
update stock set on_hand = on_hand - sold.quantity, reserved = reserved - sold.quantity
  from (select line.value ->> 'sku' as sku, line.value ->> 'warehouse_id' as warehouse_id, sum(line.value ->> 'quantity') as quantity
    from saga, json_each(saga.plan, '$.lines') as line where saga.saga_id = :saga_id group by 1, 2) as sold
  where stock.sku = sold.sku and stock.warehouse_id = sold.warehouse_id;
update reservation set status = 'committed', expires_at_ms = null, order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id)
  where session_id = (select session_id from saga where saga_id = :saga_id) and status = 'active';
update payment set state = iif(amount_minor = 0, 'captured', iif(:capture, 'capture_pending', 'authorized')), reference = :reference, updated_at_ms = now_ms(),
    order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id)
  where saga_id = :saga_id;
update saga set state = :to_state, updated_at_ms = now_ms() where saga_id = :saga_id;
update checkout_session set status = 'completed' where session_id = (select session_id from saga where saga_id = :saga_id);
update cart set status = 'completed', version = version + 1, updated_at_ms = now_ms() where cart_id = (select cart_id from saga where saga_id = :saga_id);
insert into order_history (order_id, seq, to_status, actor, reason, at_ms)
  select plan ->> 'order_id', 1, 'confirmed', owner, 'checkout', now_ms() from saga where saga_id = :saga_id;
@finish
returning
(select json_object('order_id', order_id, 'order_number', order_number, 'created_at_ms', created_at_ms) from orders
  where order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id))
