-- A saga with its payment, as the one driver takes it.
json_object('saga_id', saga_id, 'session_id', session_id, 'cart_id', cart_id, 'owner', owner, 'state', state,
  'plan', json(plan), 'reason', reason, 'attempts', attempts, 'capture_attempts', capture_attempts, 'failing_since_ms', failing_since_ms,
  'lease_token', lease_token, 'lease_until_ms', lease_until_ms,
  'created_at_ms', created_at_ms, 'now_ms', now_ms(),
  'reserved_until_ms', (select min(expires_at_ms) from reservation where reservation.session_id = saga.session_id and status = 'active'),
  'payment', json((select json_object('payment_id', payment_id, 'reference', reference, 'method', method, 'state', p.state, 'currency', currency,
      'amount_minor', amount_minor, 'captured_minor', captured_minor, 'refunded_minor', refunded_minor) from payment as p where p.saga_id = saga.saga_id)))
