-- What a preview's totals are made of.
-- in: owner text, country text? (null: the cart's own), region text
select @pricing_json(c, d.zone, d.session_id)
from cart as c
join (select own.cart_id, @zone_of(coalesce(:country, own.country), :region) as zone,
    (select session_id from checkout_session as open where open.cart_id = own.cart_id and open.status = 'open') as session_id
  from cart as own where own.owner = :owner and own.status in ('active', 'checkout') and @unexpired(own)) as d on d.cart_id = c.cart_id
