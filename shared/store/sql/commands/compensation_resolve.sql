-- An operator settles what is dead or waits, by hand or for good: nobody tries it any more. Fenced by what was read, so of two at once one wins.
-- in: compensation_id text, legal_from jsonb, state text, attempts bigint, retries bigint, payment_state text, payment_refunded_minor bigint, to_payment_state text?, captured_minor bigint, refunded_minor bigint, saga_state text, outcome text, actor text, reason text, idempotency…?, events
-- refuses: compensation_moved_on, idempotency_key_seen
@idempotent
lock compensation where compensation_id = :compensation_id;
lock orders where order_id = @unpaid_of(:compensation_id);
-- The saga before the payment, as everywhere.
lock saga where saga_id = (select saga_id from compensation where compensation_id = :compensation_id);
lock payment where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
refuse 'compensation_moved_on'
  where not exists (select 1 from compensation as k join payment as p on p.payment_id = k.payment_id, each(:legal_from, legal)
    where k.compensation_id = :compensation_id and k.state = scalar(legal.value) and k.state = :state and k.attempts = :attempts and k.retries = :retries
      and k.lease_until_ms <= now_ms() and p.state = :payment_state and p.refunded_minor = :payment_refunded_minor);
@append_history('compensation/' || :compensation_id, 'resolved', :actor, :reason,
  (select object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms, 'last_error', last_error, 'outcome', :outcome)
    from compensation where compensation_id = :compensation_id))
update compensation set state = 'resolved', lease_token = null, lease_until_ms = 0 where compensation_id = :compensation_id;
update payment set state = coalesce(:to_payment_state, state), captured_minor = captured_minor + :captured_minor,
    refunded_minor = refunded_minor + :refunded_minor,
    refunding_minor = refunding_minor - coalesce((select amount_minor from compensation where compensation_id = :compensation_id and kind = 'refund_payment'), 0),
    updated_at_ms = now_ms()
  where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
update saga set state = :saga_state, updated_at_ms = now_ms()
  where state = 'voiding' and saga_id = (select saga_id from compensation where compensation_id = :compensation_id);
update orders set due_at_ms = null where order_id = @unpaid_of(:compensation_id) and due_at_ms > 0;
delete from alert where alert_id in ('compensation_dead:' || :compensation_id, 'compensation_failing:' || :compensation_id,
    'capture_failing:' || (select saga_id from compensation where compensation_id = :compensation_id));
@finish
returning
(select object('compensation_id', k.compensation_id, 'state', k.state, 'outcome', :outcome, 'payment_state', p.state)
  from compensation as k join payment as p on p.payment_id = k.payment_id where k.compensation_id = :compensation_id)
