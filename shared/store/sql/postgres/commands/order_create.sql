-- The one transaction that makes an order out of an authorized saga (CHK-6): order, lines, number, stock committed,
-- payment, cart and session completed, history and events. All of it was decided in the saga's plan. A payment of nothing is captured
-- with it, and has no reference.
-- in: saga_id, lease_token, to_state, reference?, capture, events
-- refuses: saga_moved_on, reservation_expired, cart_converted, payment_reference_taken
create or replace function order_create(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_saga saga;
  the_order orders;
  the_day text;
  plan_lines jsonb;
begin
  -- The cart before the saga, as whoever claims a cart takes them; which cart a saga is of never changes.
  perform 1 from cart where cart_id = (select cart_id from saga where saga_id = doc ->> 'saga_id') for update;
  select * into the_saga from saga
    where saga_id = doc ->> 'saga_id' and lease_token = doc ->> 'lease_token' and state in ('authorizing', 'awaiting_action') for update;
  if not found then raise exception 'saga_moved_on'; end if;
  plan_lines := the_saga.plan -> 'lines';
  perform lock_held(the_saga.session_id);
  if exists (select from each_item(plan_lines) as line
    left join reservation as r on r.reservation_id = line ->> 'reservation_id' and r.status = 'active' and r.expires_at_ms > now_ms()
    where r.reservation_id is null)
  then raise exception 'reservation_expired'; end if;
  perform lock_stock(plan_lines, null);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select line ->> 'sku', line ->> 'warehouse_id', 'commit', -(line ->> 'quantity')::bigint, -(line ->> 'quantity')::bigint, line ->> 'reservation_id', now_ms()
    from each_item(plan_lines) as line;
  update stock set on_hand = on_hand - sold.quantity, reserved = reserved - sold.quantity
    from (select line ->> 'sku' as sku, line ->> 'warehouse_id' as warehouse_id, sum((line ->> 'quantity')::bigint) as quantity
      from each_item(plan_lines) as line group by 1, 2) as sold
    where stock.sku = sold.sku and stock.warehouse_id = sold.warehouse_id;
  -- The day's number last of all that others wait for.
  the_day := to_char(to_timestamp(now_ms() / 1000) at time zone 'UTC', 'YYYYMMDD');
  insert into order_counter (day, last) values (the_day, 1) on conflict (day) do update set last = order_counter.last + 1;
  insert into orders (order_id, order_number, cart_id, session_id, owner, status, version, currency, subtotal_minor, discount_minor,
      shipping_minor, tax_minor, total_minor, detail, contact, created_at_ms, updated_at_ms)
    select the_saga.plan ->> 'order_id', 'ORD-' || the_day || '-' || lpad(last::text, greatest(6, length(last::text)), '0'),
      the_saga.cart_id, the_saga.session_id, the_saga.owner, 'confirmed', 1, the_saga.plan ->> 'currency',
      (the_saga.plan ->> 'subtotal_minor')::bigint, (the_saga.plan ->> 'discount_minor')::bigint, (the_saga.plan ->> 'shipping_minor')::bigint,
      (the_saga.plan ->> 'tax_minor')::bigint, (the_saga.plan ->> 'total_minor')::bigint,
      (the_saga.plan -> 'detail') || jsonb_build_object('saga_id', the_saga.saga_id), session.contact, now_ms(), now_ms()
    from order_counter, checkout_session as session where day = the_day and session.session_id = the_saga.session_id
    returning * into the_order;
  insert into order_line (order_id, line_no, sku, product_id, name, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, detail, warehouse_id, reservation_id)
    select the_order.order_id, (line ->> 'line_no')::bigint, line ->> 'sku', line ->> 'product_id', line ->> 'name', (line ->> 'quantity')::bigint,
      (line ->> 'unit_price_minor')::bigint, (line ->> 'subtotal_minor')::bigint, (line ->> 'discount_minor')::bigint, (line ->> 'tax_minor')::bigint,
      (line ->> 'total_minor')::bigint, line -> 'detail', line ->> 'warehouse_id', line ->> 'reservation_id'
    from each_item(plan_lines) as line;
  update reservation set status = 'committed', expires_at_ms = null, order_id = the_order.order_id
    where session_id = the_saga.session_id and status = 'active';
  update payment set state = case when amount_minor = 0 then 'captured' when (doc ->> 'capture')::boolean then 'capture_pending' else 'authorized' end, reference = doc ->> 'reference',
      updated_at_ms = now_ms(), order_id = the_order.order_id
    where saga_id = the_saga.saga_id;
  update saga set state = doc ->> 'to_state', updated_at_ms = now_ms() where saga_id = the_saga.saga_id;
  update checkout_session set status = 'completed' where session_id = the_saga.session_id;
  update cart set status = 'completed', version = version + 1, updated_at_ms = now_ms() where cart_id = the_saga.cart_id;
  insert into order_history (order_id, seq, to_status, actor, reason, at_ms)
    values (the_order.order_id, 1, 'confirmed', the_saga.owner, 'checkout', now_ms());
  return finish_command(doc, jsonb_build_object('order_id', the_order.order_id, 'order_number', the_order.order_number, 'created_at_ms', the_order.created_at_ms));
end
$$;
