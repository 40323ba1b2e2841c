-- Cancels a whole order (ORD-4): stock restocked exactly once, what is owed to the provider written down as a compensation.
-- in: order_id, order_version, legal_from, actor, reason, payment_state, compensation?, reply?, idempotency…?, events
-- refuses: order_changed, order_busy, idempotency_key_seen
create or replace function order_cancel(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_order orders;
  the_saga saga;
  the_payment payment;
  restocked jsonb;
begin
  perform take_idempotency_key(doc);
  select * into the_order from orders
    where order_id = doc ->> 'order_id' and version = (doc ->> 'order_version')::bigint and doc -> 'legal_from' ? status for update;
  if not found then raise exception 'order_changed'; end if;
  -- Held while they are judged: no capture begins.
  select * into the_saga from saga where saga_id = the_order.detail ->> 'saga_id' for update;
  select * into the_payment from payment where saga_id = the_saga.saga_id for update;
  if the_payment.payment_id is not null
    and (the_payment.state is distinct from doc ->> 'payment_state' or (the_saga.state = 'capturing' and the_saga.lease_until_ms > now_ms()))
  then raise exception 'order_busy'; end if;
  -- A capture that waits for its next try is not waited for: what is owed instead finds out whether it happened.
  update saga set state = 'completed', updated_at_ms = now_ms() where saga_id = the_saga.saga_id and state = 'capturing';
  insert into order_history (order_id, seq, from_status, to_status, actor, reason, at_ms)
    values (the_order.order_id, the_order.version + 1, the_order.status, 'cancelled', doc ->> 'actor', doc ->> 'reason', now_ms());
  update orders set status = 'cancelled', version = version + 1, updated_at_ms = now_ms(), cancelled_at_ms = now_ms(), expires_at_ms = null
    where order_id = the_order.order_id;
  -- What was committed and is not back yet: [{sku, warehouse_id, quantity, reservation_id}].
  restocked := (select jsonb_agg(to_jsonb(line) order by line.line_no)
    from order_line as line join reservation as r on r.reservation_id = line.reservation_id and r.status = 'committed'
    where line.order_id = the_order.order_id);
  perform lock_stock(restocked, null);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select line ->> 'sku', line ->> 'warehouse_id', 'restock', (line ->> 'quantity')::bigint, 0, line ->> 'reservation_id', now_ms()
    from each_item(restocked) as line;
  update stock set on_hand = on_hand + back.quantity
    from (select line ->> 'sku' as sku, line ->> 'warehouse_id' as warehouse_id, sum((line ->> 'quantity')::bigint) as quantity
      from each_item(restocked) as line group by 1, 2) as back
    where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
  update reservation set status = 'released'
    where status = 'committed' and reservation_id in (select reservation_id from order_line where order_id = the_order.order_id);
  insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select doc #>> '{compensation,compensation_id}', doc #>> '{compensation,kind}', doc #>> '{compensation,payment_id}', doc #>> '{compensation,saga_id}',
      (doc #>> '{compensation,amount_minor}')::bigint, 'pending', doc #>> '{compensation,reason}', 0, now_ms(), 0, now_ms()
    where doc ->> 'compensation' is not null;
  return finish_command(doc, (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('order_id', order_id,
      'order_number', order_number, 'version', version, 'cancelled_at_ms', cancelled_at_ms)
    from orders where order_id = the_order.order_id));
end
$$;
