-- What a preview's totals are made of, for whoever holds a share of the cart (CART-14).
-- in: token_hash text, country text? (null: the cart's own), region text
select @pricing_json(c, d.zone, d.session_id)
from cart as c
join (select shared.cart_id, @zone_of(coalesce(:country, shared.country), :region) as zone,
    (select session_id from checkout_session as open where open.cart_id = shared.cart_id and open.status = 'open') as session_id
  from cart_share as s join cart as shared on shared.cart_id = s.cart_id
  where s.token_hash = :token_hash and s.expires_at_ms > now_ms() and shared.status in ('active', 'checkout') and @unexpired(shared)) as d on d.cart_id = c.cart_id
