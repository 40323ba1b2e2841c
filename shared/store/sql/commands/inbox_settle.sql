-- Writes down what became of what was told: it is done, it is tried again, or it is dead, with an alert. Fenced by the tries that were read.
-- in: source text, event_id text, attempts bigint, state text, retry_in_ms bigint, error text?, alert text?
-- only with alert
insert into alert (alert_id, detail, at_ms) select 'inbox_' || :alert || ':' || :source || ' ' || :event_id, :error, now_ms()
  from inbox where source = :source and event_id = :event_id and state = 'pending' and attempts = :attempts on conflict do nothing;
update inbox set state = :state, attempts = attempts + 1, next_attempt_at_ms = now_ms() + :retry_in_ms, last_error = :error,
    failing_since_ms = case when :error is null then failing_since_ms else coalesce(failing_since_ms, now_ms()) end
  where source = :source and event_id = :event_id and state = 'pending' and attempts = :attempts;
returning
object('settled', flag(true))
