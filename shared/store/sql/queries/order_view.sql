-- One order by id or by number; `owner` null is a service that may read all.
-- in: order_id text?, order_number text?, owner text?
select @order_json(o) from orders as o
where o.order_id = coalesce(:order_id, (select order_id from orders where order_number = :order_number))
  and (:owner is null or o.owner = :owner)
