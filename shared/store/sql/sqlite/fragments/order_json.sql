-- An order (alias o), whole: lines, history and payment.
json_object('order_id', o.order_id, 'order_number', o.order_number, 'cart_id', o.cart_id, 'session_id', o.session_id, 'owner', o.owner,
  'status', o.status, 'version', o.version, 'currency', o.currency, 'subtotal_minor', o.subtotal_minor, 'discount_minor', o.discount_minor,
  'shipping_minor', o.shipping_minor, 'tax_minor', o.tax_minor, 'total_minor', o.total_minor, 'detail', json(o.detail), 'contact', o.contact,
  'created_at_ms', o.created_at_ms, 'updated_at_ms', o.updated_at_ms, 'expires_at_ms', o.expires_at_ms,
  'cancelled_at_ms', o.cancelled_at_ms, 'completed_at_ms', o.completed_at_ms,
  'lines', json((select json_group_array(json_object('line_no', line_no, 'sku', sku, 'product_id', product_id, 'name', name, 'quantity', quantity,
      'unit_price_minor', unit_price_minor, 'subtotal_minor', subtotal_minor, 'discount_minor', discount_minor, 'tax_minor', tax_minor,
      'total_minor', total_minor, 'detail', json(detail), 'warehouse_id', warehouse_id, 'reservation_id', reservation_id))
    from (select * from order_line where order_id = o.order_id order by line_no))),
  'history', json((select json_group_array(json_object('seq', seq, 'from_status', from_status, 'to_status', to_status, 'actor', actor, 'reason', reason, 'at_ms', at_ms))
    from (select * from order_history where order_id = o.order_id order by seq))),
  'payment', json((select json_object('payment_id', payment_id, 'saga_id', p.saga_id, 'provider', provider, 'method', method, 'state', p.state, 'amount_minor', amount_minor,
      'captured_minor', captured_minor, 'refunded_minor', refunded_minor, 'saga_state', g.state)
    from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = o.detail ->> 'saga_id')))
