-- What a checkout begins with: all that its totals are made of, what the cart's own session holds, and the key that its owner's contacts are
-- sealed with, if they have one yet.
-- in: owner text, country text, region text, email_hashes jsonb
select object('pricing', document(@pricing_json(c.cart_id, c.version, c.currency, z.zone, open.session_id, c.owner, c.saga_id, :email_hashes, null)),
  'data_key', document(@data_key_json(c.owner)), 'held', document(@held_json(open.session_id)))
from cart as c
left join zone as z on z.country = :country and z.region = @region_of(:country, :region)
left join checkout_session as open on open.cart_id = c.cart_id and open.status = 'open'
where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
