-- Writes down what the provider said of a capture: captured, to be asked again, or given up. A capture given up is a compensation that is
-- dead from the start, with its alert, so that operators have one place to look at. Fenced by the lease.
-- in: saga_id, lease_token, to_state, payment_state, captured_minor, tried, retry_in_ms, alert?, compensation?, events
-- refuses: saga_moved_on
create or replace function payment_capture(doc jsonb) returns jsonb language plpgsql as $$
declare
  is_tried boolean := (doc ->> 'tried')::boolean;
begin
  perform 1 from saga where saga_id = doc ->> 'saga_id' and lease_token = doc ->> 'lease_token' and state = 'capturing' for update;
  if not found then raise exception 'saga_moved_on'; end if;
  update saga set state = doc ->> 'to_state', capture_attempts = capture_attempts + is_tried::integer, lease_until_ms = 0,
      next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint, updated_at_ms = now_ms(),
      failing_since_ms = case when is_tried and doc ->> 'payment_state' <> 'captured' then coalesce(failing_since_ms, now_ms()) else failing_since_ms end
    where saga_id = doc ->> 'saga_id';
  update payment set state = doc ->> 'payment_state', captured_minor = (doc ->> 'captured_minor')::bigint, updated_at_ms = now_ms()
    where saga_id = doc ->> 'saga_id';
  insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, failing_since_ms, next_attempt_at_ms, lease_until_ms, last_error, created_at_ms)
    select doc #>> '{compensation,compensation_id}', 'capture_payment', p.payment_id, g.saga_id, p.amount_minor, 'dead', 'capture_given_up',
      g.capture_attempts, g.failing_since_ms, now_ms(), 0, doc #>> '{compensation,error}', now_ms()
    from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = doc ->> 'saga_id' and doc ->> 'compensation' is not null;
  insert into alert (alert_id, detail, at_ms)
    select 'compensation_dead:' || (doc #>> '{compensation,compensation_id}'), doc #>> '{compensation,error}', now_ms()
    where doc ->> 'compensation' is not null on conflict do nothing;
  insert into alert (alert_id, detail, at_ms)
    select 'capture_failing:' || (doc ->> 'saga_id'), doc ->> 'alert', now_ms() where doc ->> 'alert' is not null on conflict do nothing;
  perform add_events(doc);
  return (select saga_json(g) from saga as g where saga_id = doc ->> 'saga_id');
end
$$;
