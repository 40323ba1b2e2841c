-- A cart's lines (alias c) with the catalog's, price list's and stock's word on each, oldest first.
json((select json_group_array(json_object('sku', l.sku, 'quantity', l.quantity, 'added_price_minor', l.added_price_minor,
    'product_id', s.product_id, 'name', s.name, 'category', s.category, 'tax_class', s.tax_class, 'weight_g', s.weight_g,
    'active', json(iif(s.active, 'true', 'false')), 'price_minor', p.amount_minor,
    'available', @available))
  from (select * from cart_line where cart_id = c.cart_id order by added_at_ms, sku) as l
  left join sku as s on s.sku = l.sku
  left join price as p on p.sku = l.sku and p.currency = c.currency))
