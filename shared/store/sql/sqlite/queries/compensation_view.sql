-- What is owed to the provider, whole: its payment, its order, and what operators did to it.
-- in: compensation_id
select json_object('compensation_id', k.compensation_id, 'kind', k.kind, 'state', k.state, 'reason', k.reason, 'payment_id', k.payment_id,
  'order_id', p.order_id, 'amount', json_object('amount_minor', k.amount_minor, 'currency', p.currency), 'attempts', k.attempts, 'retries', k.retries,
  'failing_since_ms', k.failing_since_ms, 'next_attempt_at_ms', k.next_attempt_at_ms, 'last_error', k.last_error, 'created_at_ms', k.created_at_ms,
  'saga_id', k.saga_id, 'refund_reference', k.refund_reference, 'leased', json(iif(k.lease_until_ms > now_ms(), 'true', 'false')),
  'payment', json(json_object('provider', p.provider, 'reference', p.reference, 'state', p.state, 'amount', json_object('amount_minor', p.amount_minor, 'currency', p.currency),
    'captured', json_object('amount_minor', p.captured_minor, 'currency', p.currency), 'refunded', json_object('amount_minor', p.refunded_minor, 'currency', p.currency))),
  'order', json((select json_object('order_id', order_id, 'order_number', order_number, 'status', status) from orders where orders.order_id = p.order_id)),
  'history', json((select json_group_array(json_object('seq', seq, 'kind', kind, 'actor', actor, 'reason', reason, 'at_ms', at_ms, 'data', json(data)))
    from (select * from history where subject = 'compensation/' || k.compensation_id order by seq))))
from compensation as k cross join payment as p
where k.compensation_id = :compensation_id and p.payment_id = k.payment_id
