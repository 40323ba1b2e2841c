-- The attempt that an order came of.
-- function: (of_order text) returns text language sql
(select o.detail ->> 'saga_id' from orders as o where o.order_id = of_order)
