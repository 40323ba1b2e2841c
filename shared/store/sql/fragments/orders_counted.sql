-- How many orders of an owner stand, up to one and after a time, as far as `most`.
-- function: (of_owner text, up_to text, after_ms bigint, most bigint) returns bigint language sql
(select count(*) from (select 1 from orders as p where p.owner = of_owner and p.order_id <= up_to and p.status <> 'cancelled' and p.created_at_ms > after_ms
  order by p.order_id desc limit most) as counted)
