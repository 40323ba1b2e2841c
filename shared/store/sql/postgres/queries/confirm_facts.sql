-- All a confirm decides from: the session, what its totals are made of now, and any attempt of this key, this
-- cart or this owner that came before.
-- in: owner, session_id, idempotency_key
select jsonb_build_object('session', to_jsonb(d) - 'owner' - 'contact',
  'pricing', pricing_json(c, zone_of(d.country, d.region), d.session_id),
  'same_key', (select jsonb_build_object('request_hash', k.request_hash, 'saga', saga_json(g))
    from confirm_key as k join saga as g on g.saga_id = k.saga_id where k.owner = :owner and k.idempotency_key = :idempotency_key),
  'live', (select saga_json(g) from saga as g where owner = :owner and state in ('authorizing', 'awaiting_action')),
  'order', (select jsonb_build_object('order_id', order_id, 'order_number', order_number) from orders where orders.cart_id = d.cart_id))::text
from checkout_session as d join cart as c on c.cart_id = d.cart_id
where d.session_id = :session_id and d.owner = :owner
