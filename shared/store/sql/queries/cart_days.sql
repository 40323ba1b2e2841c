-- What has become of the carts that were opened on each of these days, of those that are still known (ORD-11).
-- in: days jsonb: [{day, from, below}]
select object('day', day, 'opened', count(*), 'filled', integer(sum(is_filled)), 'ordered', integer(sum(is_ordered)), 'abandoned', integer(sum(is_abandoned)))
from (select integer(d.value ->> 'day') as day, case c.status when 'completed' then 1 else 0 end as is_ordered,
    case c.status when 'abandoned' then 1 else 0 end as is_abandoned,
    case when exists (select 1 from cart_line as l where l.cart_id = c.cart_id) then 1 else 0 end as is_filled
  from each(:days, d) join cart as c on c.cart_id >= d.value ->> 'from' and c.cart_id < d.value ->> 'below' and c.status <> 'merged') as made
group by day order by day
