-- What was told and is in this state, by when it is due, or has been since; above a cursor.
-- in: state text, at_ms bigint, source text, event_id text, limit bigint
select object('source', substr(source, 7), 'event_id', event_id, 'type', type, 'reference', reference, 'state', state, 'actor', actor, 'data', document(data),
  'attempts', attempts, 'failing_since_ms', failing_since_ms, 'received_at_ms', received_at_ms, 'next_attempt_at_ms', next_attempt_at_ms, 'last_error', last_error)
from inbox
where state = :state and state <> 'done' and next_attempt_at_ms >= :at_ms
  and (next_attempt_at_ms > :at_ms or source > :source or (source = :source and event_id > :event_id))
order by next_attempt_at_ms, source, event_id limit :limit
