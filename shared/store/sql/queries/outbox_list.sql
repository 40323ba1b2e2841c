-- Events that are not published and in this state, oldest first, above a cursor. One branch per index.
-- in: state text, cursor bigint?, limit bigint
select object('event_id', event_id, 'sequence', outbox_id, 'type', type, 'subject', aggregate, 'state', state, 'attempts', attempts,
  'failing_since_ms', failing_since_ms, 'next_attempt_at_ms', next_attempt_at_ms, 'created_at_ms', created_at_ms,
  'last_error', (select detail from alert where alert_id = 'outbox_dead:' || event_id))
from (
  select * from (select * from outbox
    where state in ('dead', 'resolved') and state = :state and outbox_id > coalesce(:cursor, 0) order by outbox_id limit :limit) as given_up
  union all
  select * from (select * from outbox
    where state = 'pending' and :state = 'pending' and outbox_id > coalesce(:cursor, 0) order by outbox_id limit :limit) as waiting
) as found
order by outbox_id limit :limit
