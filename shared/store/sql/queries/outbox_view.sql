-- One event, whole, with what operators did to it.
-- in: event_id text
select object('event_id', event_id, 'sequence', outbox_id, 'type', type, 'subject', aggregate, 'state', state, 'attempts', attempts,
  'failing_since_ms', failing_since_ms, 'next_attempt_at_ms', next_attempt_at_ms, 'created_at_ms', created_at_ms,
  'last_error', (select detail from alert where alert_id = 'outbox_dead:' || event_id),
  'data', document(data), 'leased', flag(lease_until_ms > now_ms()),
  'deliveries', document((select list(object('receiver_id', d.receiver_id, 'state', d.state, 'attempts', d.attempts, 'last_error', d.last_error, 'at_ms', d.at_ms) order by d.receiver_id)
    from delivery as d where d.outbox_id = outbox.outbox_id)), 'history', @history_json('event/' || event_id))
from outbox where event_id = :event_id
