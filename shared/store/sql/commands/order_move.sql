-- Moves an order where a person says so: it waits for them, goes on (CHK-16), or is in a warehouse's hands (ORD-3). With `capture` its money is asked
-- for; with `idle_payment` nobody may be asking for it. One that is not paid is due when its time is over (ORD-9).
-- in: order_id text, order_version bigint, legal_from jsonb, to_status text, actor text, reason text, due_in_ms bigint?, capture boolean?, idle_payment boolean?, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, order_busy, idempotency_key_seen
@idempotent
@order_at
-- Held while they are judged: no capture begins.
lock saga where saga_id = @saga_of(:order_id);
lock payment where saga_id = @saga_of(:order_id);
-- only with capture
refuse 'order_changed' where not exists (select 1 from payment join saga on saga.saga_id = payment.saga_id
    where payment.saga_id = @saga_of(:order_id) and payment.state = 'authorized' and saga.state = 'completed');
-- only with capture
@ask_capture(@saga_of(:order_id))
-- only with idle_payment
refuse 'order_busy' where exists (select 1 from saga where saga_id = @saga_of(:order_id) and state = 'capturing');
-- only with due_in_ms
update orders set due_at_ms = now_ms() + :due_in_ms where order_id = :order_id;
@move_order(:order_id, :to_status, :actor, :reason)
update orders set due_at_ms = null where order_id = :order_id and :due_in_ms is null and due_at_ms > 0;
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'updated_at_ms', updated_at_ms)) from orders where order_id = :order_id)
