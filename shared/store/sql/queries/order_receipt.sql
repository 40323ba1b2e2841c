-- What the creation of an order assigned: nothing of it changes.
-- in: order_id text
select object('order_id', o.order_id, 'order_number', o.order_number, 'created_at_ms', o.created_at_ms,
  'status', (select h.to_status from order_history as h where h.order_id = o.order_id and h.seq = 1)) from orders as o where o.order_id = :order_id
