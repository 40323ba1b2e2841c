-- What the orders of each of these days came to, by currency, as they stand now (ORD-11). A day is a range of ids, which begin with their time.
-- in: days jsonb: [{day, from, below}]
select object('day', day, 'currency', currency, 'orders', count(*), 'gross_minor', integer(sum(total_minor)),
  'cancelled_orders', integer(sum(is_cancelled)), 'cancelled_minor', integer(sum(is_cancelled * total_minor)),
  'refunded_minor', integer(sum((1 - is_cancelled) * refunded_minor)))
from (select integer(d.value ->> 'day') as day, o.currency, o.total_minor, case when o.cancelled_at_ms is null then 0 else 1 end as is_cancelled,
    coalesce((select sum(r.amount_minor) from refund as r where r.order_id = o.order_id), 0) as refunded_minor
  from each(:days, d) join orders as o on o.order_id >= d.value ->> 'from' and o.order_id < d.value ->> 'below') as made
group by day, currency order by day, currency
