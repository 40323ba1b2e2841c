-- What is owed to the provider, is not done and is in this state, oldest first, above a cursor. One branch per index.
-- in: state, kind?, cursor?, limit
select json_object('compensation_id', k.compensation_id, 'kind', k.kind, 'state', k.state, 'reason', k.reason, 'payment_id', k.payment_id,
  'order_id', p.order_id, 'amount', json_object('amount_minor', k.amount_minor, 'currency', p.currency), 'attempts', k.attempts, 'retries', k.retries,
  'failing_since_ms', k.failing_since_ms, 'next_attempt_at_ms', k.next_attempt_at_ms, 'last_error', k.last_error, 'created_at_ms', k.created_at_ms)
from (
  select * from (select compensation_id, kind, state, reason, payment_id, amount_minor, attempts, retries, failing_since_ms, next_attempt_at_ms, last_error, created_at_ms from compensation
    where state not in ('pending', 'done') and state = :state and (:kind is null or kind = :kind) and compensation_id > coalesce(:cursor, '')
    order by compensation_id limit :limit)
  union all
  select * from (select compensation_id, kind, state, reason, payment_id, amount_minor, attempts, retries, failing_since_ms, next_attempt_at_ms, last_error, created_at_ms from compensation indexed by compensation_due
    where state = 'pending' and :state = 'pending' and (:kind is null or kind = :kind) and compensation_id > coalesce(:cursor, '')
    order by compensation_id limit :limit)
) as k join payment as p on p.payment_id = k.payment_id
order by k.compensation_id limit :limit
