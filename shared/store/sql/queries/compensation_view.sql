-- What is owed to the provider, whole: its payment, its order, and what operators did to it.
-- in: compensation_id text
select object('compensation_id', k.compensation_id, 'kind', k.kind, 'state', k.state, 'reason', k.reason, 'payment_id', k.payment_id,
  'order_id', p.order_id, 'amount', object('amount_minor', k.amount_minor, 'currency', p.currency), 'attempts', k.attempts, 'retries', k.retries,
  'failing_since_ms', k.failing_since_ms, 'next_attempt_at_ms', k.next_attempt_at_ms, 'last_error', k.last_error, 'created_at_ms', k.created_at_ms, 'saga_id', k.saga_id, 'refund_reference', k.refund_reference, 'leased', flag(k.lease_until_ms > now_ms()),
  'payment', object('provider', p.provider, 'reference', p.reference, 'state', p.state, 'amount', object('amount_minor', p.amount_minor, 'currency', p.currency),
    'captured', object('amount_minor', p.captured_minor, 'currency', p.currency), 'refunded', object('amount_minor', p.refunded_minor, 'currency', p.currency)),
  'order', document((select object('order_id', o.order_id, 'order_number', o.order_number, 'status', o.status) from orders as o where o.order_id = p.order_id)),
  'history', @history_json('compensation/' || k.compensation_id))
from compensation as k cross join payment as p
where k.compensation_id = :compensation_id and p.payment_id = k.payment_id
