-- An operator has it tried again: what is dead as if it were new, what waits now. Fenced by what was read, so of two at once one wins.
-- in: compensation_id text, legal_from jsonb, state text, attempts bigint, retries bigint, payment_state text, to_payment_state text?, actor text, reason text, idempotency…?
-- refuses: compensation_moved_on, compensation_replaced, idempotency_key_seen
@idempotent
lock compensation where compensation_id = :compensation_id;
lock orders where order_id = @unpaid_of(:compensation_id);
-- The saga before the payment, as everywhere. Held while it is judged: nobody adds another that is owed for this payment.
lock saga where saga_id = (select saga_id from compensation where compensation_id = :compensation_id);
lock payment where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
refuse 'compensation_moved_on'
  where not exists (select 1 from compensation as k join payment as p on p.payment_id = k.payment_id, each(:legal_from, legal)
    where k.compensation_id = :compensation_id and k.state = scalar(legal.value) and k.state = :state and k.attempts = :attempts and k.retries = :retries
      and k.lease_until_ms <= now_ms() and (k.state = 'dead' or k.next_attempt_at_ms > now_ms()) and p.state = :payment_state);
refuse 'compensation_replaced'
  where exists (select 1 from compensation as k join compensation as other on other.payment_id = k.payment_id
    where k.compensation_id = :compensation_id and other.state = 'pending' and other.compensation_id <> k.compensation_id
      and not (k.kind = 'refund_payment' and other.kind = 'refund_payment'));
@append_history('compensation/' || :compensation_id, 'retried', :actor, :reason,
  (select object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms, 'last_error', last_error)
    from compensation where compensation_id = :compensation_id))
update compensation set state = 'pending', next_attempt_at_ms = now_ms(), lease_token = null, lease_until_ms = 0,
    attempts = case state when 'dead' then 0 else attempts end, retries = retries + number(state = 'dead'),
    failing_since_ms = case state when 'dead' then null else failing_since_ms end
  where compensation_id = :compensation_id;
update payment set state = coalesce(:to_payment_state, state), updated_at_ms = now_ms()
  where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
update orders set due_at_ms = null where order_id = @unpaid_of(:compensation_id) and due_at_ms > 0;
delete from alert where alert_id in ('compensation_dead:' || :compensation_id, 'compensation_failing:' || :compensation_id,
    'capture_failing:' || (select saga_id from compensation where compensation_id = :compensation_id));
@finish
returning
(select object('compensation_id', compensation_id, 'state', state, 'attempts', attempts, 'retries', retries, 'next_attempt_at_ms', next_attempt_at_ms)
  from compensation where compensation_id = :compensation_id)
