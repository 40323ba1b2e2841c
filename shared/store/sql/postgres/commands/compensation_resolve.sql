-- An operator settles what is dead or waits, by hand or for good: nobody tries it any more. Fenced by what was read, so of two at once one wins.
-- in: compensation_id, legal_from, state, attempts, retries, payment_state, payment_refunded_minor, to_payment_state?, captured_minor, refunded_minor, saga_state, outcome, actor, reason, idempotency…?, events
-- refuses: compensation_moved_on, idempotency_key_seen
create or replace function compensation_resolve(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_compensation compensation;
begin
  perform take_idempotency_key(doc);
  select * into the_compensation from compensation where compensation_id = doc ->> 'compensation_id' and doc -> 'legal_from' ? state
    and state = doc ->> 'state' and attempts = (doc ->> 'attempts')::bigint and retries = (doc ->> 'retries')::bigint
    and lease_until_ms <= now_ms() for update;
  if not found then raise exception 'compensation_moved_on'; end if;
  -- The saga before the payment, as everywhere.
  perform 1 from saga where saga_id = the_compensation.saga_id for update;
  perform 1 from payment where payment_id = the_compensation.payment_id and state = doc ->> 'payment_state'
    and refunded_minor = (doc ->> 'payment_refunded_minor')::bigint for update;
  if not found then raise exception 'compensation_moved_on'; end if;
  perform add_history('compensation/' || the_compensation.compensation_id, 'resolved', doc, jsonb_build_object('state', the_compensation.state,
    'attempts', the_compensation.attempts, 'failing_since_ms', the_compensation.failing_since_ms, 'last_error', the_compensation.last_error,
    'outcome', doc ->> 'outcome'));
  update compensation set state = 'resolved', lease_token = null, lease_until_ms = 0 where compensation_id = the_compensation.compensation_id;
  update payment set state = coalesce(doc ->> 'to_payment_state', state), captured_minor = captured_minor + (doc ->> 'captured_minor')::bigint,
      refunded_minor = refunded_minor + (doc ->> 'refunded_minor')::bigint, updated_at_ms = now_ms()
    where payment_id = the_compensation.payment_id;
  update saga set state = doc ->> 'saga_state', updated_at_ms = now_ms() where state = 'voiding' and saga_id = the_compensation.saga_id;
  delete from alert where alert_id in ('compensation_dead:' || the_compensation.compensation_id, 'compensation_failing:' || the_compensation.compensation_id,
    'capture_failing:' || the_compensation.saga_id);
  return finish_command(doc, (select jsonb_build_object('compensation_id', the_compensation.compensation_id, 'state', 'resolved',
      'outcome', doc ->> 'outcome', 'payment_state', state)
    from payment where payment_id = the_compensation.payment_id));
end
$$;
