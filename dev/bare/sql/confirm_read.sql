select json_object('session', t.doc, 'cart_version', c.version, 'lines', json((select json_group_array(json_object('sku', l.sku, 'quantity', l.quantity,
    'name', s.name, 'price_minor', s.price_minor, 'available', (select sum(on_hand - reserved) from stock where stock.sku = l.sku)))
  from cart_line as l join sku as s on s.sku = l.sku where l.cart_id = c.cart_id)))
from checkout_session as t join cart as c on c.cart_id = t.cart_id where t.session_id = (?1 ->> 'session_id')
