-- What adding so many of a SKU is decided from: the cart's currency, the SKU, what one of its line will cost there, what is available.
-- in: owner text, sku text, quantity bigint
select object('cart_id', c.cart_id, 'currency', c.currency, 'name', s.name, 'active', flag(s.active = 1), 'known', flag(s.sku is not null),
  'price_minor', @price_of(s.sku, c.currency, c.owner, :quantity
    + coalesce((select l.quantity from cart_line as l where l.cart_id = c.cart_id and l.sku = :sku), 0)), 'available', @available_to(c.cart_id, :sku),
  'in_cart', (select l.quantity from cart_line as l where l.cart_id = c.cart_id and l.sku = :sku))
from cart as c left join sku as s on s.sku = :sku
where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
