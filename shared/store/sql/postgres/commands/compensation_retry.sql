-- An operator has it tried again: what is dead as if it were new, what waits now. Fenced by what was read, so of two at once one wins.
-- in: compensation_id, legal_from, state, attempts, retries, payment_state, to_payment_state?, actor, reason, idempotency…?
-- refuses: compensation_moved_on, compensation_replaced, idempotency_key_seen
create or replace function compensation_retry(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_compensation compensation;
begin
  perform take_idempotency_key(doc);
  select * into the_compensation from compensation where compensation_id = doc ->> 'compensation_id' and doc -> 'legal_from' ? state
    and state = doc ->> 'state' and attempts = (doc ->> 'attempts')::bigint and retries = (doc ->> 'retries')::bigint
    and lease_until_ms <= now_ms() and (state = 'dead' or next_attempt_at_ms > now_ms()) for update;
  if not found then raise exception 'compensation_moved_on'; end if;
  -- Held while it is judged: nobody adds another that is owed for this payment.
  perform 1 from saga where saga_id = the_compensation.saga_id for update;
  perform 1 from payment where payment_id = the_compensation.payment_id and state = doc ->> 'payment_state' for update;
  if not found then raise exception 'compensation_moved_on'; end if;
  if exists (select from compensation as other where other.state = 'pending' and other.payment_id = the_compensation.payment_id
    and other.compensation_id <> the_compensation.compensation_id)
  then raise exception 'compensation_replaced'; end if;
  perform add_history('compensation/' || the_compensation.compensation_id, 'retried', doc, jsonb_build_object('state', the_compensation.state,
    'attempts', the_compensation.attempts, 'failing_since_ms', the_compensation.failing_since_ms, 'last_error', the_compensation.last_error));
  update compensation set state = 'pending', next_attempt_at_ms = now_ms(), lease_token = null, lease_until_ms = 0,
      attempts = case state when 'dead' then 0 else attempts end, retries = retries + (state = 'dead')::int,
      failing_since_ms = case state when 'dead' then null else failing_since_ms end
    where compensation_id = the_compensation.compensation_id;
  update payment set state = coalesce(doc ->> 'to_payment_state', state), updated_at_ms = now_ms() where payment_id = the_compensation.payment_id;
  delete from alert where alert_id in ('compensation_dead:' || the_compensation.compensation_id, 'compensation_failing:' || the_compensation.compensation_id,
    'capture_failing:' || the_compensation.saga_id);
  return finish_command(doc, (select jsonb_build_object('compensation_id', compensation_id, 'state', state, 'attempts', attempts,
      'retries', retries, 'next_attempt_at_ms', next_attempt_at_ms)
    from compensation where compensation_id = the_compensation.compensation_id));
end
$$;
