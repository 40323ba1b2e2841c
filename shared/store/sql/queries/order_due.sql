-- The orders that nobody has paid in time (ORD-9), and those that are taken to be paid at the door by now (CHK-11), longest due first.
-- in: limit bigint
select object('order_id', o.order_id, 'version', o.version) from orders as o where o.due_at_ms > 0 and o.due_at_ms <= now_ms() order by o.due_at_ms limit :limit
