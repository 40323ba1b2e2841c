-- What adding a SKU is decided from: the cart's currency, the SKU, its price there, what is available.
-- in: owner, sku
select json_object('cart_id', l.cart_id, 'currency', l.currency, 'name', s.name, 'active', json(iif(s.active, 'true', 'false')),
  'known', json(iif(s.sku is null, 'false', 'true')), 'price_minor', p.amount_minor,
  'available', @available,
  'in_cart', (select quantity from cart_line where cart_line.cart_id = l.cart_id and cart_line.sku = :sku))
from (select cart_id, currency, :sku as sku from cart as c where owner = :owner and status in ('active', 'checkout') and @unexpired) as l
left join sku as s on s.sku = l.sku left join price as p on p.sku = s.sku and p.currency = l.currency
