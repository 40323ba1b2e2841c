-- Writes down what became of a compensation that was taken: done, waiting, to be tried again, given back untried, or dead. An alert is raised
-- once for what fails again and again, and once for what is dead (CHK-8). `next` is what takes its place: a refund of what a void found taken.
-- in: compensation_id, lease_token, state, tried, retry_in_ms, error?, payment_state?, reference?, captured_minor?, refunded_minor, refund_reference?, saga_state?, next?, alert?, events
-- refuses: compensation_moved_on, payment_reference_taken
create or replace function compensation_settle(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_compensation compensation;
  is_tried boolean := (doc ->> 'tried')::boolean;
begin
  select * into the_compensation from compensation
    where compensation_id = doc ->> 'compensation_id' and lease_token = doc ->> 'lease_token' and state = 'pending' for update;
  if not found then raise exception 'compensation_moved_on'; end if;
  -- The saga before the payment, as everywhere.
  perform 1 from saga where saga_id = the_compensation.saga_id for update;
  update compensation set state = doc ->> 'state', attempts = attempts + is_tried::integer, last_error = coalesce(doc ->> 'error', last_error),
      refund_reference = doc ->> 'refund_reference', lease_until_ms = 0, next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint,
      failing_since_ms = case when is_tried and doc ->> 'error' is not null then coalesce(failing_since_ms, now_ms()) else failing_since_ms end
    where compensation_id = the_compensation.compensation_id;
  update payment set state = coalesce(doc ->> 'payment_state', state), reference = coalesce(doc ->> 'reference', reference),
      captured_minor = coalesce((doc ->> 'captured_minor')::bigint, captured_minor),
      refunded_minor = refunded_minor + (doc ->> 'refunded_minor')::bigint, updated_at_ms = now_ms()
    where payment_id = the_compensation.payment_id;
  update saga set state = doc ->> 'saga_state', updated_at_ms = now_ms()
    where doc ->> 'saga_state' is not null and state = 'voiding' and saga_id = the_compensation.saga_id;
  insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select doc #>> '{next,compensation_id}', doc #>> '{next,kind}', the_compensation.payment_id, the_compensation.saga_id,
      (doc #>> '{next,amount_minor}')::bigint, 'pending', the_compensation.reason, 0, now_ms(), 0, now_ms()
    where doc ->> 'next' is not null;
  insert into alert (alert_id, detail, at_ms)
    select case doc ->> 'state' when 'dead' then 'compensation_dead:' else 'compensation_failing:' end || the_compensation.compensation_id,
      doc ->> 'alert', now_ms()
    where doc ->> 'alert' is not null on conflict do nothing;
  perform add_events(doc);
  return jsonb_build_object('state', doc ->> 'state', 'attempts', the_compensation.attempts + is_tried::integer);
end
$$;
