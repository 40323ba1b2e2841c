-- Writes down what became of one attempt at a compensation: done, to be tried again, or dead with an alert raised once (CHK-8).
-- in: compensation_id, lease_token, state, retry_in_ms, error?, payment_state?, reference?, refunded_minor, saga_state?, alert?, events
-- refuses: compensation_moved_on, payment_reference_taken
create or replace function compensation_settle(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_compensation compensation;
begin
  select * into the_compensation from compensation
    where compensation_id = doc ->> 'compensation_id' and lease_token = doc ->> 'lease_token' and state = 'pending' for update;
  if not found then raise exception 'compensation_moved_on'; end if;
  -- The saga before the payment, as everywhere.
  perform 1 from saga where saga_id = the_compensation.saga_id for update;
  update compensation set state = doc ->> 'state', last_error = doc ->> 'error', lease_until_ms = 0,
      next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint
    where compensation_id = the_compensation.compensation_id;
  update payment set state = coalesce(doc ->> 'payment_state', state), reference = coalesce(doc ->> 'reference', reference),
      refunded_minor = refunded_minor + (doc ->> 'refunded_minor')::bigint, updated_at_ms = now_ms()
    where payment_id = the_compensation.payment_id;
  update saga set state = doc ->> 'saga_state', updated_at_ms = now_ms()
    where doc ->> 'saga_state' is not null and state = 'voiding' and saga_id = the_compensation.saga_id;
  insert into alert (alert_id, detail, at_ms)
    select 'compensation_dead:' || the_compensation.compensation_id, doc ->> 'alert', now_ms() where doc ->> 'alert' is not null on conflict do nothing;
  perform add_events(doc);
  return jsonb_build_object('state', doc ->> 'state', 'attempts', the_compensation.attempts);
end
$$;
