-- A cart that is no order, as it is kept of a person: what they put into it and when, and what a client kept with it.
-- function: (c cart) returns jsonb language plpgsql
object('cart_id', c.cart_id, 'status', c.status, 'currency', c.currency, 'country', c.country, 'created_at_ms', c.created_at_ms,
  'updated_at_ms', c.updated_at_ms, 'attributes', document(c.attributes), 'client_reference', c.client_reference,
  'lines', document((select list(object('sku', l.sku, 'quantity', l.quantity, 'added_at_ms', l.added_at_ms, 'attributes', document(l.attributes)) order by l.added_at_ms, l.sku)
    from cart_line as l where l.cart_id = c.cart_id)))
