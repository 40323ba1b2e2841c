-- The order whose money has been held for longest, and for longer than `life_ms`: its provider will let it go.
-- in: life_ms bigint
select object('order_id', o.order_id, 'authorized_at_ms', p.updated_at_ms)
from payment as p join orders as o on o.order_id = p.order_id join saga as g on g.saga_id = p.saga_id and g.state = 'completed'
where p.state = 'authorized' and p.updated_at_ms <= now_ms() - :life_ms and o.status not in ('cancelled', 'on_hold')
order by p.updated_at_ms limit 1
