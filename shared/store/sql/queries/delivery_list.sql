-- What a receiver was or is to be sent, in one state, newest first, below a cursor.
-- in: receiver_id text, state text, cursor bigint?, limit bigint
select object('event_id', o.event_id, 'sequence', d.outbox_id, 'type', o.type, 'subject', d.aggregate, 'state', d.state, 'attempts', d.attempts,
  'failing_since_ms', d.failing_since_ms, 'at_ms', d.at_ms, 'last_error', d.last_error, 'created_at_ms', o.created_at_ms)
from delivery as d join outbox as o on o.outbox_id = d.outbox_id
where d.receiver_id = :receiver_id and d.state = :state and d.outbox_id < coalesce(:cursor, 9223372036854775807)
order by d.outbox_id desc limit :limit
