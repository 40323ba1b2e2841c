-- Says that what an order was to be paid at the door (CHK-11), or elsewhere, is there: all of it, once. An order that waited for it goes on.
-- in: order_id text, order_version bigint, legal_from jsonb, to_status text?, actor text, reason text, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, payment_not_due, idempotency_key_seen
@idempotent
@order_at
lock payment where saga_id = @saga_of(:order_id);
refuse 'payment_not_due' where not exists (select 1 from payment
    where saga_id = @saga_of(:order_id) and provider = 'none' and state = 'pending');
update payment set state = 'captured', captured_minor = amount_minor, updated_at_ms = now_ms() where saga_id = @saga_of(:order_id);
@move_order(:order_id, :to_status, :actor, :reason)
update orders set due_at_ms = null where order_id = :order_id and due_at_ms > 0;
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'collected_at_ms', updated_at_ms)) from orders where order_id = :order_id)
