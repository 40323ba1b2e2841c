-- Writes down what became of a claimed batch: published, to be tried again (an alert once for what fails again and again), dead (an alert once),
-- or given back untried. Fenced by the lease.
-- in: lease_token, published, retried: [{outbox_id, retry_in_ms, alert}], dead: [{outbox_id, error}], untried
update outbox set state = 'published', attempts = attempts + 1, lease_until_ms = 0
  where lease_token = :lease_token and state = 'pending' and outbox_id in (select value from json_each(:published));
insert into alert (alert_id, detail, at_ms)
  select 'outbox_failing:' || event_id, failed.value ->> 'alert', now_ms()
  from json_each(:retried) as failed join outbox on outbox_id = failed.value ->> 'outbox_id'
  where failed.value ->> 'alert' is not null and lease_token = :lease_token and state = 'pending' on conflict do nothing;
update outbox set attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0,
    next_attempt_at_ms = now_ms() + retry.retry_in_ms
  from (select value ->> 'outbox_id' as id, value ->> 'retry_in_ms' as retry_in_ms from json_each(:retried)) as retry
  where outbox.outbox_id = retry.id and outbox.lease_token = :lease_token and outbox.state = 'pending';
insert into alert (alert_id, detail, at_ms)
  select 'outbox_dead:' || event_id, failed.value ->> 'error', now_ms()
  from json_each(:dead) as failed join outbox on outbox_id = failed.value ->> 'outbox_id'
  where lease_token = :lease_token and state = 'pending' on conflict do nothing;
update outbox set state = 'dead', attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0
  where lease_token = :lease_token and state = 'pending' and outbox_id in (select value ->> 'outbox_id' from json_each(:dead));
update outbox set lease_until_ms = 0
  where lease_token = :lease_token and state = 'pending' and outbox_id in (select value from json_each(:untried));
returning
json_object('settled', json('true'))
