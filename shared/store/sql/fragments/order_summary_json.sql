-- An order in a list.
-- function: (o orders, it_fits boolean, at_place bigint) returns jsonb language sql
object('order_id', o.order_id, 'order_number', o.order_number, 'status', o.status, 'currency', o.currency, 'total_minor', o.total_minor,
  'payment_status', (select p.state from payment as p where p.saga_id = o.detail ->> 'saga_id'), 'created_at_ms', o.created_at_ms, 'fits', flag(it_fits), 'place', at_place)
