-- What a preview's totals are made of, for whoever holds a share of the cart (CART-14).
-- in: token_hash, country (null: the cart's own), region
select pricing_json(c, zone_of(coalesce(:country, c.country), :region),
  (select session_id from checkout_session as open where open.cart_id = c.cart_id and open.status = 'open'))::text
from cart_share as s join cart as c on c.cart_id = s.cart_id
where s.token_hash = :token_hash and s.expires_at_ms > now_ms() and c.status in ('active', 'checkout') and unexpired(c)
