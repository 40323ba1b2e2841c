-- What a preview's totals are made of, for whoever holds a share of the cart (CART-14).
-- in: token_hash, country (null: the cart's own), region
select @pricing_json
from cart as c
join (select c.cart_id, coalesce(:country, country) as country, :region as region,
    (select session_id from checkout_session as open where open.cart_id = c.cart_id and open.status = 'open') as session_id
  from cart_share as s join cart as c on c.cart_id = s.cart_id
  where s.token_hash = :token_hash and s.expires_at_ms > now_ms() and c.status in ('active', 'checkout') and @unexpired) as d on d.cart_id = c.cart_id
@zone_join
