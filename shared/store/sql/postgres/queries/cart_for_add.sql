-- What adding a SKU is decided from: the cart's currency, the SKU, its price there, what is available.
-- in: owner, sku
select jsonb_build_object('cart_id', c.cart_id, 'currency', c.currency, 'name', s.name, 'active', s.active is not distinct from 1,
  'known', s.sku is not null, 'price_minor', p.amount_minor,
  'available', available_to(c.cart_id, :sku),
  'in_cart', (select quantity from cart_line where cart_line.cart_id = c.cart_id and cart_line.sku = :sku))::text
from cart as c left join sku as s on s.sku = :sku left join price as p on p.sku = s.sku and p.currency = c.currency
where c.owner = :owner and c.status in ('active', 'checkout') and unexpired(c)
