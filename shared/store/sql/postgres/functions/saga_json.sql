-- A saga with its payment, as the one driver takes it.
create or replace function saga_json(g saga) returns jsonb language plpgsql stable as $$
begin
  return (select jsonb_build_object('saga_id', g.saga_id, 'session_id', g.session_id, 'cart_id', g.cart_id, 'owner', g.owner, 'state', g.state,
      'plan', g.plan, 'reason', g.reason, 'attempts', g.attempts,
      'capture_attempts', g.capture_attempts, 'failing_since_ms', g.failing_since_ms,
      'lease_token', g.lease_token, 'lease_until_ms', g.lease_until_ms, 'created_at_ms', g.created_at_ms, 'now_ms', now_ms(),
      'reserved_until_ms', (select min(expires_at_ms) from reservation where session_id = g.session_id and status = 'active'),
      'payment', (select payment_json(p) from payment as p where p.saga_id = g.saga_id)));
end
$$;
