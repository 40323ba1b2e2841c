-- Takes in what a program tells, once, for `inbox-work` (EVT-3). With `error` it cannot be worked as it is: it is kept for a person, with an alert.
-- in: source text, event_id text, type text, reference text?, actor text, data jsonb, error text?
-- refuses: event_seen
refuse 'event_seen' where exists (select 1 from inbox where source = :source and event_id = :event_id);
insert into inbox (source, event_id, type, reference, known, received_at_ms, state, actor, data, next_attempt_at_ms, last_error)
  values (:source, :event_id, :type, :reference, 1, now_ms(), case when :error is null then 'pending' else 'dead' end, :actor, :data, now_ms(), :error)
  on conflict do nothing;
-- only with error
insert into alert (alert_id, detail, at_ms) values ('inbox_dead:' || :source || ' ' || :event_id, :error, now_ms()) on conflict do nothing;
returning
object('event_id', :event_id)
