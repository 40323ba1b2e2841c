-- All a confirm decides from: the session, what its totals are made of now, and any attempt of this key, this
-- cart or this owner that came before.
-- in: owner text, session_id text, idempotency_key text, stored_value jsonb?, customer_id text?
select object('session', object('session_id', d.session_id, 'cart_id', d.cart_id, 'status', d.status, 'cart_version', d.cart_version,
    'country', d.country, 'region', d.region, 'shipping_method', d.shipping_method, 'payment_method', d.payment_method, 'totals', document(d.totals),
    'created_at_ms', d.created_at_ms, 'expires_at_ms', d.expires_at_ms, 'now_ms', now_ms()),
  'pricing', @pricing_json(c.cart_id, c.version, c.currency, z.zone, d.session_id, c.owner, c.saga_id, d.email_hashes, null),
  'same_key', document((select object('request_hash', k.request_hash, 'saga', @saga_json(g))
    from confirm_key as k join saga as g on g.saga_id = k.saga_id where k.owner = :owner and k.idempotency_key = :idempotency_key)),
  'live', document((select @saga_json(g) from saga as g where g.owner = :owner and g.state in ('authorizing', 'awaiting_action'))),
  'has_fraud_rules', flag(exists (select 1 from fraud_rule as rule where rule.active = 1)),
  'payer', (select reference from payer where customer_id = :customer_id), 'ended_at_ms', @confirm_ended_at(d.owner),
  'accounts', document(@drawable_json(:stored_value, c.owner, c.currency, c.saga_id)),
  'order', document((select object('order_id', o.order_id, 'order_number', o.order_number) from orders as o where o.cart_id = d.cart_id)))
from checkout_session as d
join cart as c on c.cart_id = d.cart_id
left join zone as z on z.country = d.country and z.region = @region_of(d.country, d.region)
where d.session_id = :session_id and d.owner = :owner
