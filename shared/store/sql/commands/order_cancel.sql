-- Cancels a whole order (ORD-4): stock restocked exactly once, what is owed to the provider written down as a compensation, and what it was rewarded with
-- as owed back.
-- in: order_id text, order_version bigint, legal_from jsonb, actor text, reason text, payment_state text, compensation jsonb?, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, order_busy, refund_exceeded, idempotency_key_seen
@idempotent
@order_at
-- Held while they are judged: no capture begins.
lock saga where saga_id = @saga_of(:order_id);
lock payment where saga_id = @saga_of(:order_id);
refuse 'order_busy' where exists (select 1 from payment join saga on saga.saga_id = payment.saga_id
    where payment.saga_id = @saga_of(:order_id)
      and (payment.state is distinct from :payment_state or (saga.state = 'capturing' and saga.lease_until_ms > now_ms())));
-- A capture that waits for its next try is not waited for: what is owed instead finds out whether it happened.
update saga set state = 'completed', updated_at_ms = now_ms()
  where state = 'capturing' and saga_id = @saga_of(:order_id);
@move_order(:order_id, 'cancelled', :actor, :reason)
update orders set cancelled_at_ms = now_ms(), due_at_ms = null where order_id = :order_id;
-- What would have been paid at the door or elsewhere is not any more.
update payment set state = 'voided', updated_at_ms = now_ms()
  where state = 'pending' and saga_id = @saga_of(:order_id);
update reward set state = 'owed' where order_id = :order_id and state = 'given';
@return_uses(@saga_of(:order_id), :actor)
perform lock_stock((select jsonb_agg(to_jsonb(line)) from order_line as line where line.order_id = :order_id), null); -- only postgres
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select line.sku, line.warehouse_id, 'restock', line.quantity - line.cancelled_quantity, 0, line.reservation_id, now_ms()
  from order_line as line join reservation as r on r.reservation_id = line.reservation_id and r.status = 'committed'
  where line.order_id = :order_id and line.quantity > line.cancelled_quantity;
update stock set on_hand = on_hand + back.quantity
  from (select line.sku, line.warehouse_id, sum(line.quantity - line.cancelled_quantity) as quantity
    from order_line as line join reservation as r on r.reservation_id = line.reservation_id and r.status = 'committed'
    where line.order_id = :order_id group by 1, 2) as back
  where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
update reservation set status = 'released'
  where status = 'committed' and reservation_id in (select reservation_id from order_line where order_id = :order_id);
-- only with compensation
@owe(:compensation)
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'cancelled_at_ms', cancelled_at_ms, 'updated_at_ms', updated_at_ms)) from orders where order_id = :order_id)
