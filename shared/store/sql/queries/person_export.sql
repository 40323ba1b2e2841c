-- All that is kept of a person (SEC-6): a customer's group and segments, their accounts, rewards and share codes, carts that are no orders, contacts of checkouts, when
-- they were erased, and a page of their orders, oldest first.
-- in: owner text, customer_id text?, cursor text?, limit bigint
select object('data_key', document(@data_key_json(:owner)),
  'customer', @customer_of_json(:customer_id),
  'provider_customer', (select reference from payer where customer_id = :customer_id),
  'accounts', @accounts_json(:customer_id),
  'rewards', @rewards_json(:customer_id),
  'share_codes', @share_codes_json(:customer_id),
  'carts', document((select list(@kept_cart_json(c) order by c.cart_id) from cart as c where c.cart_id in (
    select cart_id from cart where owner = :owner and status in ('active', 'checkout')
    union all select cart_id from cart where owner = :owner and status = 'abandoned'
    union all select cart_id from cart where owner = :owner and status = 'merged'))),
  'checkouts', document((select list(object('session_id', s.session_id, 'cart_id', s.cart_id, 'shipping_method', s.shipping_method, 'payment_method', s.payment_method,
      'contact', s.contact, 'created_at_ms', s.created_at_ms, 'expires_at_ms', s.expires_at_ms) order by s.session_id)
    from checkout_session as s where s.owner = :owner and s.contact > '')),
  'orders', document((select list(@order_json(o) order by o.order_id)
    from (select * from orders where owner = :owner and order_id > coalesce(:cursor, '') order by order_id limit :limit) as o)),
  'erasures', document((select list(object('actor', h.actor, 'reason', h.reason, 'at_ms', h.at_ms) order by h.seq) from history as h where h.subject = 'person/' || :owner)))
