select json_object('cart_id', c.cart_id, 'name', s.name, 'price_minor', s.price_minor,
  'available', (select sum(on_hand - reserved) from stock where stock.sku = s.sku))
from cart as c join sku as s on s.sku = (?1 ->> 'sku') where c.owner = (?1 ->> 'owner')
