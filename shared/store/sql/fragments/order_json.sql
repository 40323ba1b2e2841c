-- An order, whole: lines, history and payment.
-- function: (o orders) returns jsonb language plpgsql
object('order_id', o.order_id, 'order_number', o.order_number, 'cart_id', o.cart_id, 'session_id', o.session_id, 'owner', o.owner,
  'status', o.status, 'version', o.version, 'currency', o.currency, 'subtotal_minor', o.subtotal_minor, 'discount_minor', o.discount_minor,
  'shipping_minor', o.shipping_minor, 'tax_minor', o.tax_minor, 'total_minor', o.total_minor, 'detail', document(o.detail), 'contact', o.contact,
  'data_key', document(@data_key_json(o.owner)),
  'created_at_ms', o.created_at_ms, 'updated_at_ms', o.updated_at_ms, 'expires_at_ms', case when o.status in ('draft', 'pending') then o.due_at_ms end,
  'attributes', document(part(o.detail, 'attributes')), 'client_reference', o.detail ->> 'client_reference', 'hold', document(part(o.detail, 'hold')), 'cancelled_at_ms', o.cancelled_at_ms, 'completed_at_ms', o.completed_at_ms,
  'lines', document((select list(object('line_no', l.line_no, 'sku', l.sku, 'product_id', l.product_id, 'name', l.name, 'quantity', l.quantity,
      'unit_price_minor', l.unit_price_minor, 'subtotal_minor', l.subtotal_minor, 'discount_minor', l.discount_minor, 'tax_minor', l.tax_minor,
      'total_minor', l.total_minor, 'detail', document(l.detail), 'attributes', document(part(l.detail, 'attributes')), 'warehouse_id', l.warehouse_id, 'reservation_id', l.reservation_id, 'cancelled_quantity', l.cancelled_quantity, 'shipped_quantity', l.shipped_quantity, 'delivered_quantity', l.delivered_quantity, 'returned_quantity', l.returned_quantity, 'refunded_quantity', l.refunded_quantity,
      'refunded_minor', l.refunded_minor) order by l.line_no)
    from order_line as l where l.order_id = o.order_id)),
  'shipments', document((select list(object('shipment_id', s.shipment_id, 'lines', document(s.lines), 'carrier', s.carrier, 'tracking_number', s.tracking_number,
      'tracking_url', s.tracking_url, 'shipped_at_ms', s.shipped_at_ms, 'delivered_at_ms', s.delivered_at_ms) order by s.shipment_id)
    from shipment as s where s.order_id = o.order_id)),
  'returns', document((select list(laid_over(b.detail, object('return_id', b.return_id, 'status', b.status, 'created_at_ms', b.created_at_ms, 'updated_at_ms', b.updated_at_ms)) order by b.return_id)
    from order_return as b where b.order_id = o.order_id)),
  'refunds', document((select list(laid_over(r.detail, object('refund_id', r.refund_id,
      'state', coalesce((select k.state from compensation as k where k.compensation_id = r.refund_id), 'done'), 'at_ms', r.at_ms)) order by r.refund_id)
    from refund as r where r.order_id = o.order_id)),
  'history', document((select list(object('seq', h.seq, 'from_status', h.from_status, 'to_status', h.to_status, 'actor', h.actor,
      'reason', h.reason, 'at_ms', h.at_ms) order by h.seq)
    from order_history as h where h.order_id = o.order_id)),
  'draws', document((select list(object('account_id', w.account_id, 'kind', a.kind, 'customer_id', a.customer_id, 'units', w.units, 'amount_minor', w.amount_minor, 'state', w.state, 'returned_units', w.returned_units) order by w.account_id)
    from draw as w join account as a on a.account_id = w.account_id where w.order_id = o.order_id)),
  'payment', document((select object('payment_id', p.payment_id, 'saga_id', p.saga_id, 'provider', p.provider, 'method', p.method, 'state', p.state,
      'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor, 'refunding_minor', p.refunding_minor, 'dispute', p.dispute, 'saga_state', g.state)
    from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = o.detail ->> 'saga_id')))
