-- Whether a rule has given a customer something that stands, for an order after a time.
-- function: (of_customer text, by_rule text, after_ms bigint) returns boolean language plpgsql
exists (select 1 from reward as r join orders as p on p.order_id = r.order_id and p.created_at_ms > after_ms
  where r.customer_id = of_customer and r.reward_id = by_rule and r.state = 'given')
