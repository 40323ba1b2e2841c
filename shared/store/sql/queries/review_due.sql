-- The order that rules of fraud have stopped and nobody has looked at, for longest and for longer than `review_ms` (CHK-16). One that a person put on hold waits for
-- that person.
-- in: review_ms bigint
select object('order_id', o.order_id) from orders as o where o.status = 'on_hold' and o.version = 1 and o.created_at_ms <= now_ms() - :review_ms order by o.order_id limit 1
