-- A cart, whole: its lines with the catalog's, price list's and stock's word on each, oldest first.
-- function: (c cart) returns jsonb language plpgsql
object('cart_id', c.cart_id, 'status', c.status, 'currency', c.currency, 'country', c.country,
  'version', c.version, 'updated_at_ms', c.updated_at_ms, 'expires_at_ms', c.expires_at_ms,
  'attributes', document(c.attributes), 'client_reference', c.client_reference,
  'codes', document((select list(k.code order by k.code) from cart_code as k where k.cart_id = c.cart_id)),
  'lines', document((select list(object('sku', l.sku, 'quantity', l.quantity, 'added_price_minor', l.added_price_minor,
      'attributes', document(l.attributes), 'name', s.name, 'active', flag(s.active = 1), 'price_minor', @price_of(l.sku, c.currency, c.owner, l.quantity), 'available', @available_to(l.cart_id, l.sku)) order by l.added_at_ms, l.sku)
    from cart_line as l
    left join sku as s on s.sku = l.sku
    where l.cart_id = c.cart_id)))
