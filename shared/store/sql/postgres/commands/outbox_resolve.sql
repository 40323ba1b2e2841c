-- An operator gives an event up for good: nobody sends it any more, and the next of its aggregate goes. Fenced by what was read.
-- in: event_id, legal_from, state, attempts, actor, reason, idempotency…?
-- refuses: event_moved_on, idempotency_key_seen
create or replace function outbox_resolve(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_event outbox;
begin
  perform take_idempotency_key(doc);
  select * into the_event from outbox where event_id = doc ->> 'event_id' and doc -> 'legal_from' ? state and state = doc ->> 'state'
    and attempts = (doc ->> 'attempts')::bigint and lease_until_ms <= now_ms() for update;
  if not found then raise exception 'event_moved_on'; end if;
  perform add_history('event/' || the_event.event_id, 'resolved', doc, jsonb_build_object('state', the_event.state, 'attempts', the_event.attempts,
    'failing_since_ms', the_event.failing_since_ms, 'last_error', (select detail from alert where alert_id = 'outbox_dead:' || the_event.event_id)));
  update outbox set state = 'resolved', lease_token = null, lease_until_ms = 0 where outbox_id = the_event.outbox_id;
  delete from alert where alert_id in ('outbox_dead:' || the_event.event_id, 'outbox_failing:' || the_event.event_id);
  return finish_command(doc, jsonb_build_object('event_id', the_event.event_id, 'state', 'resolved'));
end
$$;
