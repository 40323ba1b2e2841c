-- What a preview's totals are made of.
-- in: owner, country (null: the cart's own), region
select pricing_json(c, zone_of(coalesce(:country, c.country), :region),
  (select session_id from checkout_session as open where open.cart_id = c.cart_id and open.status = 'open'))::text
from cart as c where c.owner = :owner and c.status in ('active', 'checkout') and unexpired(c)
