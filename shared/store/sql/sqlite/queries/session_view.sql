-- A checkout session of its owner, with what is held for it and the attempt it waits for.
-- in: session_id, owner
select json_object('session_id', d.session_id, 'cart_id', d.cart_id, 'cart_version', d.cart_version, 'status',
    iif(d.status = 'open' and d.expires_at_ms <= now_ms(), 'expired', d.status), 'country', d.country, 'region', d.region,
    'shipping_method', d.shipping_method, 'payment_method', d.payment_method, 'contact', d.contact, 'totals', json(d.totals),
    'created_at_ms', d.created_at_ms, 'expires_at_ms', d.expires_at_ms, 'now_ms', now_ms(),
    'payment', json((select json_object('state', g.state, 'payment_method', p.method,
        'expires_at_ms', (select min(r.expires_at_ms) from reservation as r where r.session_id = d.session_id and r.status = 'active'))
      from saga as g join payment as p on p.saga_id = g.saga_id
      where g.owner = d.owner and g.state in ('authorizing', 'awaiting_action') and g.session_id = d.session_id)),
    'reservations', json((select json_group_array(json_object('reservation_id', reservation_id, 'sku', sku, 'warehouse_id', warehouse_id, 'quantity', quantity,
        'status', r.status, 'expires_at_ms', r.expires_at_ms, 'is_expired', json(iif(r.status = 'active' and r.expires_at_ms <= now_ms(), 'true', 'false'))))
      from reservation as r where r.session_id = d.session_id and r.status in ('active', 'committed'))))
from checkout_session as d where d.session_id = :session_id and d.owner = :owner
