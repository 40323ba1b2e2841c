-- A checkout session of its owner, with what is held for it and the attempt it waits for.
-- in: session_id, owner
select (to_jsonb(d) - 'owner' || jsonb_build_object('now_ms', now_ms(),
  'payment', (select jsonb_build_object('state', g.state, 'payment_method', p.method,
      'expires_at_ms', (select min(r.expires_at_ms) from reservation as r where r.session_id = d.session_id and r.status = 'active'))
    from saga as g join payment as p on p.saga_id = g.saga_id
    where g.owner = d.owner and g.state in ('authorizing', 'awaiting_action') and g.session_id = d.session_id),
  'status', case when d.status = 'open' and d.expires_at_ms <= now_ms() then 'expired' else d.status end,
  'reservations', coalesce((select jsonb_agg(jsonb_build_object('reservation_id', reservation_id, 'sku', sku, 'warehouse_id', warehouse_id, 'quantity', quantity,
      'status', r.status, 'expires_at_ms', r.expires_at_ms, 'is_expired', r.status = 'active' and r.expires_at_ms <= now_ms()) order by reservation_id)
    from reservation as r where r.session_id = d.session_id and r.status in ('active', 'committed')), '[]')))::text
from checkout_session as d where d.session_id = :session_id and d.owner = :owner
