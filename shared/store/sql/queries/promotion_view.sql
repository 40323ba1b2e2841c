-- A promotion with what it has done: in orders that stand, and in attempts under way (PROMO-8).
-- in: promotion_id text
select object('promotion', @promotion_row_json(p), 'codes', (select count(*) from promotion_code as k where k.promotion_id = p.promotion_id),
  'figures', document((select list(object('currency', f.currency, 'held', f.held, 'orders', f.orders, 'discount_minor', f.discount_minor, 'revenue_minor', f.revenue_minor) order by f.currency)
    from (select u.currency as currency, sum(case when u.state = 'held' then 1 else 0 end) as held, sum(case when u.state = 'used' then 1 else 0 end) as orders,
        coalesce(sum(case when u.state = 'used' then u.amount_minor end), 0) as discount_minor, coalesce(sum(o.total_minor), 0) as revenue_minor
      from promotion_use as u left join orders as o on o.order_id = u.order_id and u.state = 'used'
      where u.promotion_id = p.promotion_id and u.state <> 'returned' group by u.currency) as f)))
from promotion as p where p.promotion_id = :promotion_id
