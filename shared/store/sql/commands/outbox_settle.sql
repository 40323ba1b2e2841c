-- Writes down what became of a claimed batch: published, to be tried again (an alert once for what fails again and again), dead (an alert once),
-- or given back untried. Fenced by the lease.
-- in: lease_token text, published jsonb, retried jsonb: [{outbox_id, retry_in_ms, alert}], dead jsonb: [{outbox_id, error}], untried jsonb
update outbox set state = 'published', attempts = attempts + 1, lease_until_ms = 0
  where lease_token = :lease_token and state = 'pending' and outbox_id in (select integer(scalar(item.value)) from each(:published, item));
insert into alert (alert_id, detail, at_ms)
  select 'outbox_failing:' || event_id, failed.value ->> 'alert', now_ms()
  from each(:retried, failed) join outbox on outbox_id = integer(failed.value ->> 'outbox_id')
  where failed.value ->> 'alert' is not null and lease_token = :lease_token and state = 'pending' on conflict do nothing;
update outbox set attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0,
    next_attempt_at_ms = now_ms() + retry.retry_in_ms
  from (select integer(value ->> 'outbox_id') as id, integer(value ->> 'retry_in_ms') as retry_in_ms from each(:retried, item)) as retry
  where outbox.outbox_id = retry.id and outbox.lease_token = :lease_token and outbox.state = 'pending';
insert into alert (alert_id, detail, at_ms)
  select 'outbox_dead:' || event_id, failed.value ->> 'error', now_ms()
  from each(:dead, failed) join outbox on outbox_id = integer(failed.value ->> 'outbox_id')
  where lease_token = :lease_token and state = 'pending' on conflict do nothing;
update outbox set state = 'dead', attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0
  where lease_token = :lease_token and state = 'pending' and outbox_id in (select integer(item.value ->> 'outbox_id') from each(:dead, item));
update outbox set lease_until_ms = 0
  where lease_token = :lease_token and state = 'pending' and outbox_id in (select integer(scalar(item.value)) from each(:untried, item));
returning
object('settled', flag(true))
