-- Writes down what became of a claimed batch: published, to be tried again (an alert once for what fails again and again), dead (an alert once),
-- or given back untried. Fenced by the lease.
-- in: lease_token, published, retried: [{outbox_id, retry_in_ms, alert}], dead: [{outbox_id, error}], untried
create or replace function outbox_settle(doc jsonb) returns jsonb language plpgsql as $$
begin
  update outbox set state = 'published', attempts = attempts + 1, lease_until_ms = 0
    where lease_token = doc ->> 'lease_token' and state = 'pending' and outbox_id in (select item::bigint from each_item(doc -> 'published') as item);
  insert into alert (alert_id, detail, at_ms)
    select 'outbox_failing:' || event_id, failed ->> 'alert', now_ms()
    from each_item(doc -> 'retried') as failed join outbox on outbox_id = (failed ->> 'outbox_id')::bigint
    where failed ->> 'alert' is not null and lease_token = doc ->> 'lease_token' and state = 'pending' on conflict do nothing;
  update outbox set attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0,
      next_attempt_at_ms = now_ms() + (retry ->> 'retry_in_ms')::bigint
    from each_item(doc -> 'retried') as retry
    where outbox_id = (retry ->> 'outbox_id')::bigint and lease_token = doc ->> 'lease_token' and state = 'pending';
  insert into alert (alert_id, detail, at_ms)
    select 'outbox_dead:' || event_id, failed ->> 'error', now_ms()
    from each_item(doc -> 'dead') as failed join outbox on outbox_id = (failed ->> 'outbox_id')::bigint
    where lease_token = doc ->> 'lease_token' and state = 'pending' on conflict do nothing;
  update outbox set state = 'dead', attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0
    where lease_token = doc ->> 'lease_token' and state = 'pending'
      and outbox_id in (select (failed ->> 'outbox_id')::bigint from each_item(doc -> 'dead') as failed);
  update outbox set lease_until_ms = 0
    where lease_token = doc ->> 'lease_token' and state = 'pending' and outbox_id in (select item::bigint from each_item(doc -> 'untried') as item);
  return jsonb_build_object('settled', true);
end
$$;
