-- One event, whole, with what operators did to it.
-- in: event_id
select json_object('event_id', event_id, 'sequence', outbox_id, 'type', type, 'subject', aggregate, 'state', state, 'attempts', attempts,
  'failing_since_ms', failing_since_ms, 'next_attempt_at_ms', next_attempt_at_ms, 'created_at_ms', created_at_ms,
  'last_error', (select detail from alert where alert_id = 'outbox_dead:' || event_id),
  'data', json(data), 'leased', json(iif(lease_until_ms > now_ms(), 'true', 'false')),
  'history', json((select json_group_array(json_object('seq', seq, 'kind', kind, 'actor', actor, 'reason', reason, 'at_ms', at_ms, 'data', json(data)))
    from (select * from history where subject = 'event/' || outbox.event_id order by seq))))
from outbox where event_id = :event_id
