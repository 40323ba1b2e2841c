-- Rewards of orders that were cancelled after them, oldest first, with what of their points is there and not held.
-- in: limit bigint
select object('grant_id', r.grant_id, 'reward_id', r.reward_id, 'order_id', r.order_id, 'customer_id', r.customer_id, 'account_id', r.account_id,
  'there', (select smaller(r.points, a.balance_minor - a.held_minor) from account as a where a.account_id = r.account_id))
from reward as r where r.state = 'owed' and r.grant_id > '' order by r.grant_id limit :limit
