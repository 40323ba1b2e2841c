-- All a confirm decides from: the session, what its totals are made of now, and any attempt of this key, this
-- cart or this owner that came before.
-- in: owner, session_id, idempotency_key
select json_object('session', json_object('session_id', d.session_id, 'cart_id', d.cart_id, 'status', d.status, 'cart_version', d.cart_version,
    'country', d.country, 'region', d.region, 'shipping_method', d.shipping_method, 'payment_method', d.payment_method, 'totals', json(d.totals),
    'created_at_ms', d.created_at_ms, 'expires_at_ms', d.expires_at_ms),
  'pricing', @pricing_json,
  'same_key', json((select json_object('request_hash', k.request_hash, 'saga', json((select @saga_json from saga where saga.saga_id = k.saga_id)))
    from confirm_key as k where k.owner = :owner and k.idempotency_key = :idempotency_key)),
  'live', json((select @saga_json from saga where owner = :owner and state in ('authorizing', 'awaiting_action'))),
  'order', json((select json_object('order_id', order_id, 'order_number', order_number) from orders where orders.cart_id = d.cart_id)))
from checkout_session as d join cart as c on c.cart_id = d.cart_id
@zone_join
where d.session_id = :session_id and d.owner = :owner
