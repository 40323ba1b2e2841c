-- Orders, newest first, below a cursor. Ids are UUIDv7, so their order is that of time.
-- One branch per index, each with its own limit: `(:owner is null or owner = :owner)` would walk everyone's orders to
-- find one buyer's, and a limit outside alone would sort them all. '~' sorts after every id: no cursor is the greatest one.
-- in: owner text?, status text?, cursor text?, limit bigint
select object('order_id', order_id, 'order_number', order_number, 'session_id', session_id, 'status', status, 'currency', currency,
  'total_minor', total_minor, 'created_at_ms', created_at_ms)
from (
  select * from (select order_id, order_number, session_id, status, currency, total_minor, created_at_ms from orders
    where owner = :owner and (:status is null or status = :status) and order_id < coalesce(:cursor, '~') order by order_id desc limit :limit) as of_owner
  union all
  select * from (select order_id, order_number, session_id, status, currency, total_minor, created_at_ms from orders
    where :owner is null and status = :status and order_id < coalesce(:cursor, '~') order by order_id desc limit :limit) as of_status
  union all
  select * from (select order_id, order_number, session_id, status, currency, total_minor, created_at_ms from orders
    where :owner is null and :status is null and order_id < coalesce(:cursor, '~') order by order_id desc limit :limit) as of_all
) as found
order by order_id desc limit :limit
