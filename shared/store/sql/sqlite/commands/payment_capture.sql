-- Writes down what the provider said of a capture: captured, given up, or to be asked again. Fenced by the lease.
-- in: saga_id, lease_token, to_state, payment_state, captured_minor, retry_in_ms, alert?, events
-- refuses: saga_moved_on
select raise(abort, 'saga_moved_on')
  where not exists (select 1 from saga where saga_id = :saga_id and lease_token = :lease_token and state = 'capturing');
update saga set state = :to_state, lease_until_ms = 0, next_attempt_at_ms = now_ms() + :retry_in_ms, updated_at_ms = now_ms() where saga_id = :saga_id;
update payment set state = :payment_state, captured_minor = :captured_minor, updated_at_ms = now_ms() where saga_id = :saga_id;
-- only with alert
insert into alert (alert_id, detail, at_ms) select 'capture_failed:' || :saga_id, :alert, now_ms() where :alert is not null on conflict do nothing;
@events
returning
(select @saga_json from saga where saga_id = :saga_id)
