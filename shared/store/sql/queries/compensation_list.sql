-- What is owed to the provider, is not done and is in this state, oldest first, above a cursor. One branch per index.
-- in: state text, kind text?, cursor text?, limit bigint
select object('compensation_id', k.compensation_id, 'kind', k.kind, 'state', k.state, 'reason', k.reason, 'payment_id', k.payment_id,
  'order_id', p.order_id, 'amount', object('amount_minor', k.amount_minor, 'currency', p.currency), 'attempts', k.attempts, 'retries', k.retries,
  'failing_since_ms', k.failing_since_ms, 'next_attempt_at_ms', k.next_attempt_at_ms, 'last_error', k.last_error, 'created_at_ms', k.created_at_ms)
from (
  select * from (select * from compensation
    where state not in ('pending', 'done') and state = :state and (:kind is null or kind = :kind) and compensation_id > coalesce(:cursor, '')
    order by compensation_id limit :limit) as given_up
  union all
  select * from (select * from compensation
    indexed by compensation_due -- only sqlite
    where state = 'pending' and :state = 'pending' and (:kind is null or kind = :kind) and compensation_id > coalesce(:cursor, '')
    order by compensation_id limit :limit) as waiting
) as k join payment as p on p.payment_id = k.payment_id
order by k.compensation_id limit :limit
