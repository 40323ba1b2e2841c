-- What adding a SKU is decided from: the cart's currency, the SKU, its price there, what is available.
-- in: owner text, sku text
select object('cart_id', c.cart_id, 'currency', c.currency, 'name', s.name, 'active', flag(s.active = 1), 'known', flag(s.sku is not null),
  'price_minor', p.amount_minor, 'available', @available_to(c.cart_id, :sku),
  'in_cart', (select l.quantity from cart_line as l where l.cart_id = c.cart_id and l.sku = :sku))
from cart as c left join sku as s on s.sku = :sku left join price as p on p.sku = s.sku and p.currency = c.currency
where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
