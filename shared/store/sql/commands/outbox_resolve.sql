-- An operator gives an event up for good: nobody sends it any more, and the next of its aggregate goes. Fenced by what was read.
-- in: event_id text, legal_from jsonb, state text, attempts bigint, actor text, reason text, idempotency…?
-- refuses: event_moved_on, idempotency_key_seen
@idempotent
lock outbox where event_id = :event_id;
refuse 'event_moved_on' where not exists (select 1 from outbox as o, each(:legal_from, legal)
    where o.event_id = :event_id and o.state = scalar(legal.value) and o.state = :state and o.attempts = :attempts and o.lease_until_ms <= now_ms());
@append_history('event/' || :event_id, 'resolved', :actor, :reason,
  (select object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms,
      'last_error', (select detail from alert where alert_id = 'outbox_dead:' || :event_id))
    from outbox where event_id = :event_id))
update outbox set state = 'resolved', lease_token = null, lease_until_ms = 0 where event_id = :event_id;
delete from alert where alert_id in ('outbox_dead:' || :event_id, 'outbox_failing:' || :event_id);
@finish
returning
(select object('event_id', event_id, 'state', state) from outbox where event_id = :event_id)
