-- What was told and is to be worked now, the longest due first.
-- in: limit bigint
select object('source', source, 'event_id', event_id, 'actor', actor, 'data', document(data), 'attempts', attempts,
  'failing_since_ms', failing_since_ms, 'now_ms', now_ms())
from inbox where state = 'pending' and state <> 'done' and next_attempt_at_ms <= now_ms() order by next_attempt_at_ms, source, event_id limit :limit
