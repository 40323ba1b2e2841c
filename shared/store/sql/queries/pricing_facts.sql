-- What a preview's totals are made of.
-- in: owner text, country text? (null: the cart's own), region text, try_code text?
select @pricing_json(c.cart_id, c.version, c.currency, z.zone, open.session_id, c.owner, c.saga_id, open.email_hashes, :try_code)
from cart as c
left join zone as z on z.country = coalesce(:country, c.country) and z.region = @region_of(coalesce(:country, c.country), :region)
left join checkout_session as open on open.cart_id = c.cart_id and open.status = 'open'
where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
