-- The orders above one, with what a rule of rewards has to know of each: `count` and `window_ms` of one that counts orders, `shared` of one about friends.
-- None is told that an attempt under way may still be made an order before.
-- in: reward_id text, after text, wait_ms bigint, count bigint?, window_ms bigint?, shared text?, limit bigint
select object('order_id', o.order_id, 'is_due', flag(o.created_at_ms <= now_ms() - :wait_ms), 'stands', flag(o.status not in ('cancelled', 'refunded')), 'currency', o.currency,
  'customer_id', case when o.owner like 'customer:%' then substr(o.owner, 10) end,
  'goods_minor', o.subtotal_minor - (select coalesce(sum(l.discount_minor), 0) from order_line as l where l.order_id = o.order_id),
  'orders', case when :count is null then 0 else @orders_counted(o.owner, o.order_id, o.created_at_ms - :window_ms, :count) end,
  'had', flag(:count is not null and o.owner like 'customer:%' and @was_rewarded(substr(o.owner, 10), :reward_id, o.created_at_ms - :window_ms)),
  'sharer', case when :shared is not null then @sharer_of(o.order_id, o.owner, o.email_hash, o.detail ->> 'saga_id', :shared) end)
from (select * from orders where order_id > :after and order_id < coalesce((select min(g.plan ->> 'order_id') from saga as g
    where g.state in ('authorizing', 'awaiting_action', 'capturing') and g.state <> 'capturing'), '~') order by order_id limit :limit) as o
order by o.order_id
