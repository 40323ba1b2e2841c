-- Writes down what became of one attempt at a compensation: done, to be tried again, or dead with an alert raised once (CHK-8).
-- in: compensation_id, lease_token, state, retry_in_ms, error?, payment_state?, reference?, refunded_minor, saga_state?, alert?, events
-- refuses: compensation_moved_on, payment_reference_taken
select raise(abort, 'compensation_moved_on')
  where not exists (select 1 from compensation where compensation_id = :compensation_id and lease_token = :lease_token and state = 'pending');
update compensation set state = :state, last_error = :error, lease_until_ms = 0, next_attempt_at_ms = now_ms() + :retry_in_ms
  where compensation_id = :compensation_id;
update payment set state = coalesce(:payment_state, state), reference = coalesce(:reference, reference),
    refunded_minor = refunded_minor + :refunded_minor, updated_at_ms = now_ms()
  where payment_id = (select payment_id from compensation where compensation_id = :compensation_id);
update saga set state = :saga_state, updated_at_ms = now_ms()
  where :saga_state is not null and state = 'voiding' and saga_id = (select saga_id from compensation where compensation_id = :compensation_id);
-- only with alert
insert into alert (alert_id, detail, at_ms)
  select 'compensation_dead:' || :compensation_id, :alert, now_ms() where :alert is not null on conflict do nothing;
@events
returning
(select json_object('state', state, 'attempts', attempts) from compensation where compensation_id = :compensation_id)
