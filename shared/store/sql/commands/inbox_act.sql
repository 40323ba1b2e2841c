-- An operator decides about what was told and could not be worked: it is tried anew, or given up for good. Fenced by what was read.
-- in: source text, event_id text, legal_from jsonb, attempts bigint, to_state text, kind text, actor text, reason text, idempotency…?
-- refuses: event_moved_on, idempotency_key_seen
@idempotent
lock inbox where source = :source and event_id = :event_id;
refuse 'event_moved_on' where not exists (select 1 from inbox as i, each(:legal_from, legal)
    where i.source = :source and i.event_id = :event_id and i.state = scalar(legal.value) and i.attempts = :attempts);
@append_history('inbox/' || :source || ' ' || :event_id, :kind, :actor, :reason,
  (select object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms, 'last_error', last_error)
    from inbox where source = :source and event_id = :event_id))
update inbox set state = :to_state, next_attempt_at_ms = now_ms(), attempts = case :to_state when 'pending' then 0 else attempts end,
    failing_since_ms = case :to_state when 'pending' then null else failing_since_ms end
  where source = :source and event_id = :event_id;
delete from alert where alert_id in ('inbox_dead:' || :source || ' ' || :event_id, 'inbox_failing:' || :source || ' ' || :event_id);
@finish
returning
(select object('source', substr(source, 7), 'event_id', event_id, 'state', state, 'attempts', attempts) from inbox where source = :source and event_id = :event_id)
