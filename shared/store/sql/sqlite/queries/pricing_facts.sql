-- What a preview's totals are made of.
-- in: owner, country (null: the cart's own), region
select @pricing_json
from cart as c
join (select cart_id, coalesce(:country, country) as country, :region as region,
    (select session_id from checkout_session as open where open.cart_id = c.cart_id and open.status = 'open') as session_id
  from cart as c where owner = :owner and status in ('active', 'checkout') and @unexpired) as d on d.cart_id = c.cart_id
@zone_join
