select json_object('cart_id', c.cart_id, 'owner', c.owner, 'status', c.status, 'version', c.version, 'updated_at_ms', c.updated_at_ms,
  'lines', json((select json_group_array(json_object('sku', l.sku, 'quantity', l.quantity, 'added_price_minor', l.price_minor,
      'name', s.name, 'price_minor', s.price_minor, 'available', (select sum(on_hand - reserved) from stock where stock.sku = l.sku)))
    from (select * from cart_line where cart_id = c.cart_id order by added_at_ms, sku) as l join sku as s on s.sku = l.sku)))
from cart as c where c.owner = (?1 ->> 'owner')
