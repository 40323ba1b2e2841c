-- An operator has an event sent again: a dead one as if it were new, one that waits now. Fenced by what was read.
-- in: event_id text, legal_from jsonb, state text, attempts bigint, actor text, reason text, idempotency…?
-- refuses: event_moved_on, idempotency_key_seen
@idempotent
lock outbox where event_id = :event_id;
refuse 'event_moved_on' where not exists (select 1 from outbox as o, each(:legal_from, legal)
    where o.event_id = :event_id and o.state = scalar(legal.value) and o.state = :state and o.attempts = :attempts and o.lease_until_ms <= now_ms()
      and (o.state = 'dead' or o.next_attempt_at_ms > now_ms()));
@append_history('event/' || :event_id, 'retried', :actor, :reason,
  (select object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms,
      'last_error', (select detail from alert where alert_id = 'outbox_dead:' || :event_id))
    from outbox where event_id = :event_id))
update outbox set state = 'pending', next_attempt_at_ms = now_ms(), lease_token = null, lease_until_ms = 0,
    attempts = case state when 'dead' then 0 else attempts end, failing_since_ms = case state when 'dead' then null else failing_since_ms end
  where event_id = :event_id;
delete from alert where alert_id in ('outbox_dead:' || :event_id, 'outbox_failing:' || :event_id);
@finish
returning
(select object('event_id', event_id, 'state', state, 'attempts', attempts, 'next_attempt_at_ms', next_attempt_at_ms) from outbox where event_id = :event_id)
