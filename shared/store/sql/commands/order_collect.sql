-- Says that what an order was to be paid at the door is there (CHK-11): all of it, once.
-- in: order_id text, order_version bigint, actor text, reason text, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, payment_not_due, idempotency_key_seen
@idempotent
lock orders where order_id = :order_id;
-- only with if_versions
refuse 'version_conflict' where :if_versions is not null
  and not exists (select 1 from orders, each(:if_versions, seen) where order_id = :order_id and version = integer(scalar(seen.value)));
refuse 'order_changed' where not exists (select 1 from orders where order_id = :order_id and version = :order_version and status not in ('cancelled', 'on_hold'));
lock payment where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id);
refuse 'payment_not_due' where not exists (select 1 from payment
    where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id) and method = 'cash_on_delivery' and state = 'pending');
update payment set state = 'captured', captured_minor = amount_minor, updated_at_ms = now_ms()
  where saga_id = (select detail ->> 'saga_id' from orders where order_id = :order_id);
insert into order_history (order_id, seq, from_status, to_status, actor, reason, at_ms)
  select order_id, version + 1, status, status, :actor, :reason, now_ms() from orders where order_id = :order_id;
update orders set version = version + 1, updated_at_ms = now_ms() where order_id = :order_id;
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'collected_at_ms', updated_at_ms)) from orders where order_id = :order_id)
