-- All that a cart is checked by (CART-18): what its totals are made of, what its own session holds, whether its payment is being asked for, and
-- whether the destination lacks a region.
-- in: owner text, country text? (null: the cart's own), region text, try_code text?
select object('pricing', document(@pricing_json(c.cart_id, c.version, c.currency, z.zone, open.session_id, c.owner, c.saga_id, open.email_hashes, :try_code)),
  'held', document(@held_json(open.session_id)),
  'locked', flag(exists (select 1 from saga as g where g.saga_id = c.saga_id and g.state <> 'awaiting_action')),
  'region_needed', flag(:region = '' and exists (select 1 from zone as part where part.country = coalesce(:country, c.country) and part.region > '')))
from cart as c
left join zone as z on z.country = coalesce(:country, c.country) and z.region = @region_of(coalesce(:country, c.country), :region)
left join checkout_session as open on open.cart_id = c.cart_id and open.status = 'open'
where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
