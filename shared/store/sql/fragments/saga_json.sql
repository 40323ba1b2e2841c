-- A saga with its payment, as the one driver takes it.
-- function: (g saga) returns jsonb language plpgsql
object('saga_id', g.saga_id, 'session_id', g.session_id, 'cart_id', g.cart_id, 'owner', g.owner, 'state', g.state,
  'plan', document(g.plan), 'reason', g.reason, 'attempts', g.attempts, 'capture_attempts', g.capture_attempts,
  'failing_since_ms', g.failing_since_ms, 'lease_token', g.lease_token, 'lease_until_ms', g.lease_until_ms,
  'created_at_ms', g.created_at_ms, 'now_ms', now_ms(),
  'reserved_until_ms', (select min(r.expires_at_ms) from reservation as r where r.session_id = g.session_id and r.status = 'active'),
  'payment', document((select @payment_json(p) from payment as p where p.saga_id = g.saga_id)))
