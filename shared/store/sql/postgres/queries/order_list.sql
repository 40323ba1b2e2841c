-- Orders, newest first, below a cursor. Ids are UUIDv7, so their order is that of time.
-- The planner sees the parameters' values and drops what is null, so each use has its index.
-- in: owner?, status?, cursor?, limit
select jsonb_build_object('order_id', order_id, 'order_number', order_number, 'session_id', session_id, 'status', status, 'currency', currency, 'total_minor', total_minor, 'created_at_ms', created_at_ms)::text
from orders
where (:owner is null or owner = :owner) and (:status is null or status = :status) and (:cursor is null or order_id < :cursor)
order by order_id desc limit :limit::bigint
