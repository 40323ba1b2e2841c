-- Asks for the money of an order that is held for it (PAY-3): its saga takes it, as it would have with the order.
-- in: order_id text, order_version bigint, legal_from jsonb, actor text, reason text, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, payment_not_capturable, idempotency_key_seen
@idempotent
@order_at
lock saga where saga_id = @saga_of(:order_id);
lock payment where saga_id = @saga_of(:order_id);
refuse 'payment_not_capturable' where not exists (select 1 from payment join saga on saga.saga_id = payment.saga_id
    where payment.saga_id = @saga_of(:order_id) and payment.state = 'authorized' and saga.state = 'completed');
@ask_capture(@saga_of(:order_id))
@move_order(:order_id, null, :actor, :reason)
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'requested_at_ms', updated_at_ms)) from orders where order_id = :order_id)
