-- The order that has waited for a person for longest, and for longer than `review_ms` (CHK-16).
-- in: review_ms bigint
select object('order_id', o.order_id) from orders as o where o.status = 'on_hold' and o.created_at_ms <= now_ms() - :review_ms order by o.order_id limit 1
