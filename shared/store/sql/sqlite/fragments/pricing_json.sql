-- All that totals are made of: a cart (alias c) for a destination (alias d: country, region, session_id).
-- Stock held for this very session counts as available to it, so that a retry after a decline finds it.
json_object('cart', @cart_json,
  'currency', json((select json_object('currency', currency, 'minor_digits', minor_digits, 'minimum_minor', minimum_minor, 'ceiling_minor', ceiling_minor) from currency where currency = c.currency)),
  'zone', z.zone,
  'taxes', json((select json_group_array(json_object('tax_class', tax_class, 'rate', rate, 'inclusive', json(iif(inclusive, 'true', 'false')), 'rounding', rounding)) from tax where zone = z.zone)),
  'rates', json((select json_group_array(json_object('method_id', r.method_id, 'name', m.name, 'warehouse_id', nullif(r.warehouse_id, ''),
      'min_weight_g', r.min_weight_g, 'min_subtotal_minor', r.min_subtotal_minor, 'amount_minor', r.amount_minor))
    from shipping_rate as r join shipping_method as m on m.method_id = r.method_id and m.active = 1
    where r.zone = z.zone and r.currency = c.currency)),
  'levels', json((select json_group_array(json_object('sku', k.sku, 'warehouse_id', k.warehouse_id, 'on_hand', k.on_hand,
      'reserved', k.reserved - coalesce((select sum(quantity) from reservation as own where own.session_id = d.session_id
        and own.status = 'active' and own.sku = k.sku and own.warehouse_id = k.warehouse_id), 0),
      'priority', w.priority))
    from cart_line as l join stock as k on k.sku = l.sku join warehouse as w on w.warehouse_id = k.warehouse_id
    where l.cart_id = c.cart_id)))
