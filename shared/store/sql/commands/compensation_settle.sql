-- Writes down what became of a compensation that was taken: done, waiting, to be tried again, given back untried, or dead. An alert is raised
-- once for what fails again and again, and once for what is dead (CHK-8). `next` is what takes its place: a refund of what a void found taken. With
-- the last of its money an order comes to `order_status`, and what it used and was rewarded with goes back.
-- in: compensation_id text, lease_token text, state text, tried boolean, retry_in_ms bigint, error text?, payment_state text?, reference text?, captured_minor bigint?, refunded_minor bigint, payment_refunded_minor bigint, refund_reference text?, saga_state text?, next jsonb?, order_id text?, order_status text?, alert text?, events
-- refuses: compensation_moved_on, payment_reference_taken, refund_exceeded
lock compensation where compensation_id = :compensation_id;
refuse 'compensation_moved_on'
  where not exists (select 1 from compensation where compensation_id = :compensation_id and lease_token = :lease_token and state = 'pending');
-- The order before the saga, and the saga before the payment, as everywhere.
-- only with order_status
lock orders where order_id = :order_id;
lock saga where saga_id = (select saga_id from compensation where compensation_id = :compensation_id);
lock payment where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
-- Of two parts of one payment that have gone back at once, one is judged after the other.
refuse 'compensation_moved_on' where not exists (select 1 from compensation as k join payment as p on p.payment_id = k.payment_id
    where k.compensation_id = :compensation_id and p.refunded_minor = :payment_refunded_minor);
update compensation set state = :state, attempts = attempts + number(:tried), last_error = coalesce(:error, last_error), refund_reference = :refund_reference,
    failing_since_ms = case when :tried and :error is not null then coalesce(failing_since_ms, now_ms()) else failing_since_ms end,
    lease_until_ms = 0, next_attempt_at_ms = now_ms() + :retry_in_ms
  where compensation_id = :compensation_id;
update payment set state = coalesce(:payment_state, state), reference = coalesce(:reference, reference),
    captured_minor = coalesce(:captured_minor, captured_minor), refunded_minor = refunded_minor + :refunded_minor,
    refunding_minor = refunding_minor - :refunded_minor + coalesce(integer(:next ->> 'amount_minor'), 0), updated_at_ms = now_ms()
  where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
update saga set state = :saga_state, updated_at_ms = now_ms()
  where :saga_state is not null and state = 'voiding' and saga_id = (select saga_id from compensation where compensation_id = :compensation_id);
-- only with next
insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select :next ->> 'compensation_id', :next ->> 'kind', payment_id, saga_id, integer(:next ->> 'amount_minor'), 'pending', reason, 0, now_ms(), 0, now_ms()
  from compensation where compensation_id = :compensation_id and :next is not null;
-- only with alert
insert into alert (alert_id, detail, at_ms)
  select case :state when 'dead' then 'compensation_dead:' else 'compensation_failing:' end || :compensation_id, :alert, now_ms() where :alert is not null on conflict do nothing;
-- only with order_status
update reward set state = 'owed' where order_id = :order_id and state = 'given' and :order_status is not null;
-- only with order_status
@return_uses((select saga_id from compensation where compensation_id = :compensation_id), 'compensation-retry')
-- only with order_status
@move_order(:order_id, :order_status, 'compensation-retry', 'all its money has gone back')
@finish
returning
(select object('state', state, 'attempts', attempts, 'version', (select version from orders where order_id = :order_id)) from compensation where compensation_id = :compensation_id)
