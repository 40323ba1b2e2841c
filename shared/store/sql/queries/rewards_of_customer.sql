-- What a customer was given, newest first, below a cursor; and on the first page what waits for its time, and their share codes.
-- in: customer_id text, cursor text?, limit bigint
select object(
  'rewards', document((select list(@reward_json(r) order by r.grant_id desc)
    from (select * from reward where customer_id = :customer_id and grant_id < coalesce(:cursor, '~') order by grant_id desc limit :limit) as r)),
  'waiting', document((select list(object('reward_id', w.reward_id, 'name', w.rule ->> 'name', 'order_id', w.order_id, 'due_at_ms', w.due_at_ms) order by w.due_at_ms, w.order_id, w.reward_id)
    from (select reward_rule.reward_id as reward_id, reward_rule.rule as rule, o.order_id as order_id, o.created_at_ms + reward_rule.wait_ms as due_at_ms
      from reward_rule join orders as o on o.owner = 'customer:' || :customer_id and o.order_id > reward_rule.walked_to and o.status not in ('cancelled', 'refunded')
      where :cursor is null and reward_rule.active = 1 and reward_rule.rule ->> 'when' = 'each_order'
        and coalesce(reward_rule.rule -> 'gives' -> 'points_per_amount' ->> 'currency', o.currency) = o.currency
      order by due_at_ms, order_id limit 100) as w)),
  'share_codes', @share_codes_json(:customer_id))
