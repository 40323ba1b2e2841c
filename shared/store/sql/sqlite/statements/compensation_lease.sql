-- Takes due compensations, oldest first, or the one named. To take one is no try yet: whoever settles it says what was tried.
-- in: lease_token, lease_ms, limit, compensation_id?
update compensation set lease_token = :lease_token, lease_until_ms = now_ms() + :lease_ms
  where compensation_id in (select compensation_id from compensation where state = 'pending' and lease_until_ms <= now_ms()
    and next_attempt_at_ms <= now_ms() and (:compensation_id is null or compensation_id = :compensation_id) order by next_attempt_at_ms limit :limit)
returning json_object('compensation_id', compensation_id, 'kind', kind, 'payment_id', payment_id, 'saga_id', saga_id, 'amount_minor', amount_minor,
  'attempts', attempts, 'retries', retries, 'failing_since_ms', failing_since_ms, 'refund_reference', refund_reference, 'created_at_ms', created_at_ms, 'now_ms', now_ms(),
  'reason', reason,
  'payment', json((select json_object('payment_id', payment_id, 'provider', provider, 'reference', reference, 'method', method, 'state', p.state, 'currency', currency,
      'amount_minor', amount_minor, 'captured_minor', captured_minor, 'refunded_minor', refunded_minor) from payment as p where p.payment_id = compensation.payment_id)),
  'saga_created_at_ms', (select created_at_ms from saga where saga.saga_id = compensation.saga_id),
  'order', json((select json_object('status', o.status, 'order_number', o.order_number, 'cart_id', o.cart_id,
      'left_minor', o.total_minor - coalesce((select sum(r.amount_minor) from refund as r where r.order_id = o.order_id), 0))
    from orders as o where o.order_id = (select order_id from payment as p where p.payment_id = compensation.payment_id))),
  'plan', json((select plan from saga where saga.saga_id = compensation.saga_id)))
