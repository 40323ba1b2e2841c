-- Writes down what became of a claimed batch of one receiver: published, to be tried again (an alert once for a receiver that fails again and again), dead
-- (an alert once), or given back untried. Fenced by the lease, which nothing has that is settled.
-- in: receiver_id text, lease_token text, published jsonb, retried jsonb: [{outbox_id, retry_in_ms, error, alert}], dead jsonb: [{outbox_id, error}], untried jsonb
perform 1 from receiver where receiver_id = :receiver_id for no key update; -- only postgres
update delivery set state = 'published', attempts = attempts + 1, at_ms = now_ms(), lease_token = null, last_error = null
  where receiver_id = :receiver_id and lease_token = :lease_token and outbox_id in (select integer(scalar(item.value)) from each(:published, item));
insert into alert (alert_id, detail, at_ms)
  select 'receiver_failing:' || :receiver_id, failed.value ->> 'alert', now_ms()
  from each(:retried, failed) cross join delivery as d
  where d.outbox_id = integer(failed.value ->> 'outbox_id') and d.receiver_id = :receiver_id and failed.value ->> 'alert' is not null and d.lease_token = :lease_token limit 1 on conflict do nothing;
update delivery set attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_token = null,
    at_ms = now_ms() + (select integer(item.value ->> 'retry_in_ms') from each(:retried, item) where integer(item.value ->> 'outbox_id') = outbox_id),
    last_error = (select item.value ->> 'error' from each(:retried, item) where integer(item.value ->> 'outbox_id') = outbox_id)
  where receiver_id = :receiver_id and lease_token = :lease_token and outbox_id in (select integer(item.value ->> 'outbox_id') from each(:retried, item));
insert into alert (alert_id, detail, at_ms)
  select 'receiver_dead:' || :receiver_id, failed.value ->> 'error', now_ms()
  from each(:dead, failed) cross join delivery as d
  where d.outbox_id = integer(failed.value ->> 'outbox_id') and d.receiver_id = :receiver_id and d.lease_token = :lease_token limit 1 on conflict do nothing;
update delivery set state = 'dead', attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), at_ms = now_ms(), lease_token = null,
    last_error = (select item.value ->> 'error' from each(:dead, item) where integer(item.value ->> 'outbox_id') = outbox_id)
  where receiver_id = :receiver_id and lease_token = :lease_token and outbox_id in (select integer(item.value ->> 'outbox_id') from each(:dead, item));
update delivery set at_ms = now_ms(), lease_token = null
  where receiver_id = :receiver_id and lease_token = :lease_token and outbox_id in (select integer(scalar(item.value)) from each(:untried, item));
returning
object('settled', flag(true))
