-- A checkout session of its owner, with what is held for it and the attempt it waits for.
-- in: session_id text, owner text
select object('session_id', d.session_id, 'cart_id', d.cart_id, 'cart_version', d.cart_version,
    'status', case when d.status = 'open' and d.expires_at_ms <= now_ms() then 'expired' else d.status end, 'country', d.country, 'region', d.region,
    'shipping_method', d.shipping_method, 'payment_method', d.payment_method, 'totals', document(d.totals),
    'created_at_ms', d.created_at_ms, 'expires_at_ms', d.expires_at_ms, 'now_ms', now_ms(),
    'payment', document((select object('state', g.state, 'payment_method', p.method,
        'expires_at_ms', (select min(r.expires_at_ms) from reservation as r where r.session_id = d.session_id and r.status = 'active'))
      from saga as g join payment as p on p.saga_id = g.saga_id
      where g.owner = d.owner and g.state in ('authorizing', 'awaiting_action') and g.session_id = d.session_id)),
    'reservations', document((select list(object('reservation_id', r.reservation_id, 'sku', r.sku, 'warehouse_id', r.warehouse_id, 'quantity', r.quantity,
        'status', r.status, 'expires_at_ms', r.expires_at_ms, 'is_expired', flag(r.status = 'active' and r.expires_at_ms <= now_ms())) order by r.reservation_id)
      from reservation as r where r.session_id = d.session_id and r.status in ('active', 'committed'))))
from checkout_session as d where d.session_id = :session_id and d.owner = :owner
