-- Asks for the money of an order that is held for it (PAY-3): its saga takes it, as it would have with the order.
-- in: order_id text, order_version bigint, actor text, reason text, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, payment_not_capturable, idempotency_key_seen
@idempotent
lock orders where order_id = :order_id;
-- only with if_versions
refuse 'version_conflict' where :if_versions is not null
  and not exists (select 1 from orders, each(:if_versions, seen) where order_id = :order_id and version = integer(scalar(seen.value)));
refuse 'order_changed' where not exists (select 1 from orders where order_id = :order_id and version = :order_version and status not in ('cancelled', 'on_hold'));
lock saga where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id);
lock payment where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id);
refuse 'payment_not_capturable' where not exists (select 1 from payment join saga on saga.saga_id = payment.saga_id
    where payment.saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id) and payment.state = 'authorized' and saga.state = 'completed');
update saga set state = 'capturing', attempts = 0, next_attempt_at_ms = now_ms(), lease_until_ms = 0, updated_at_ms = now_ms()
  where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id);
update payment set state = 'capture_pending', updated_at_ms = now_ms()
  where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id);
insert into order_history (order_id, seq, from_status, to_status, actor, reason, at_ms)
  select order_id, version + 1, status, status, :actor, :reason, now_ms() from orders where order_id = :order_id;
update orders set version = version + 1, updated_at_ms = now_ms() where order_id = :order_id;
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'requested_at_ms', updated_at_ms)) from orders where order_id = :order_id)
