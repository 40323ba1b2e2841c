-- What the creation of an order assigned: nothing of it changes.
-- in: order_id text
select object('order_id', o.order_id, 'order_number', o.order_number, 'created_at_ms', o.created_at_ms) from orders as o where o.order_id = :order_id
