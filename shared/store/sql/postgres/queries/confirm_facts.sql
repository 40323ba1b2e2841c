-- All a confirm decides from: the session, what its totals are made of now, and any saga of this key, this
-- cart or this owner that came before.
-- Without a key the saga of this session is given, for its derived key to be compared:
-- the live one, or the one its order was made by.
-- in: owner, session_id, idempotency_key?
select jsonb_build_object('session', to_jsonb(d) - 'owner' - 'contact',
  'pricing', pricing_json(c, zone_of(d.country, d.region), d.session_id),
  'same_key', (select saga_json(g) from saga as g where saga_id = coalesce(
    (select saga_id from saga where owner = :owner and idempotency_key = :idempotency_key and state in ('authorizing', 'awaiting_action', 'capturing', 'completed')),
    (select saga_id from saga where :idempotency_key is null and owner = :owner and state in ('authorizing', 'awaiting_action') and session_id = :session_id),
    (select detail ->> 'saga_id' from orders where :idempotency_key is null and orders.cart_id = d.cart_id and orders.session_id = d.session_id))),
  'live', (select saga_json(g) from saga as g where owner = :owner and state in ('authorizing', 'awaiting_action')),
  'order', (select jsonb_build_object('order_id', order_id, 'order_number', order_number) from orders where orders.cart_id = d.cart_id))::text
from checkout_session as d join cart as c on c.cart_id = d.cart_id
where d.session_id = :session_id and d.owner = :owner
