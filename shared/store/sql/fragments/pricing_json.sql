-- All that totals are made of: a cart, for a zone. Stock held for the cart's own session counts as available to it, so that a retry after a
-- decline finds it. Its arguments are columns, each read once: a sub-select would be evaluated anew wherever its name stands.
-- function: (of_cart text, of_version bigint, in_currency text, to_zone text, own_session text, of_owner text, own_saga text, emails jsonb, also_code text) returns jsonb language plpgsql
object('cart', object('cart_id', of_cart, 'version', of_version, 'currency', in_currency,
    'lines', document((select list(object('sku', l.sku, 'quantity', l.quantity, 'added_price_minor', l.added_price_minor,
        'product_id', s.product_id, 'name', s.name, 'category', s.category, 'tax_class', s.tax_class, 'weight_g', s.weight_g,
        'active', flag(s.active = 1), 'price_minor', @price_of(l.sku, in_currency, of_owner, l.quantity)) order by l.added_at_ms, l.sku)
      from cart_line as l
      left join sku as s on s.sku = l.sku
      where l.cart_id = of_cart))),
  'currency', document((select object('currency', known.currency, 'minor_digits', known.minor_digits, 'minimum_minor', known.minimum_minor,
      'ceiling_minor', known.ceiling_minor) from currency as known where known.currency = in_currency)),
  'zone', to_zone,
  'taxes', document((select list(object('tax_class', tax_class, 'rate', rate, 'inclusive', flag(inclusive = 1), 'rounding', rounding))
    from tax where tax.zone = to_zone)),
  'rates', document((select list(object('method_id', r.method_id, 'name', m.name, 'warehouse_id', nullif(r.warehouse_id, ''),
      'min_weight_g', r.min_weight_g, 'min_subtotal_minor', r.min_subtotal_minor, 'amount_minor', r.amount_minor))
    from shipping_rate as r join shipping_method as m on m.method_id = r.method_id and m.active = 1
    where r.zone = to_zone and r.currency = in_currency)),
  'levels', document((select list(object('sku', k.sku, 'warehouse_id', k.warehouse_id, 'on_hand', k.on_hand,
      'reserved', k.reserved - coalesce((select sum(quantity) from reservation as own where own.session_id = own_session
        and own.status = 'active' and own.sku = k.sku and own.warehouse_id = k.warehouse_id), 0),
      'priority', w.priority) order by k.sku, k.warehouse_id)
    from cart_line as l join stock as k on k.sku = l.sku join warehouse as w on w.warehouse_id = k.warehouse_id
    where l.cart_id = of_cart)),
  'reduced', document((select list(object('sku', cut.sku, 'reduced_at_ms', cut.reduced_at_ms, 'lowest_30_days_minor', cut.lowest_30_days_minor))
    from cart_line as l join reduced_price as cut on cut.sku = l.sku and cut.currency = in_currency where l.cart_id = of_cart)),
  'fees', document((select list(object('fee_id', f.fee_id, 'kind', f.kind, 'name', f.name, 'amount_minor', f.amount_minor,
      'free_from_minor', f.free_from_minor, 'up_to_minor', f.up_to_minor, 'tax_class', f.tax_class)) from fee as f where f.currency = in_currency
    and f.active = 1 and f.zone in ('', to_zone)
    and f.customer_group in ('', (select buyer.customer_group from customer as buyer where buyer.customer_id = substr(of_owner, 10) and of_owner like 'customer:%')))),
  'promotions', document(@promotion_json(of_cart, of_owner, own_saga, emails, also_code, in_currency)))
