-- Orders, newest first, below a place and not below another. Ids are UUIDv7, so their order is that of time.
-- One branch per index, of which one is asked, each with its own limit: an `or` would walk everyone's orders to find one buyer's,
-- and a limit outside alone would sort them all. Of what the index finds, so many are looked at, and those shown that fit; and
-- the last that was looked at, so that a search that finds little is a page like others.
-- in: by_owner text?, by_status text?, all boolean, owner text?, status text?, order_number text?, sku text?, payment text?, from text, below text, looked_at bigint, limit bigint
select @order_summary_json(o, seen.fits, seen.place)
from (select m.order_id, @order_fits(m, :owner, :status, :order_number, :sku, :payment) as fits, row_number() over (order by m.order_id desc) as place
  from (
    select * from (select order_id from orders
      where owner = :by_owner and order_id >= :from and order_id < :below order by order_id desc limit :looked_at) as of_owner
    union all
    select * from (select order_id from orders
      where status = :by_status and order_id >= :from and order_id < :below order by order_id desc limit :looked_at) as of_status
    union all
    select * from (select order_id from orders
      where :all and order_id >= :from and order_id < :below order by order_id desc limit :looked_at) as of_all
  ) as found join orders as m on m.order_id = found.order_id) as seen
join orders as o on o.order_id = seen.order_id
where seen.fits or seen.place = :looked_at
order by o.order_id desc limit :limit
