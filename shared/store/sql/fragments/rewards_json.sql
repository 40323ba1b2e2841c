-- What a customer was given, in the order it was given.
-- function: (of_customer text) returns jsonb language sql
document((select list(@reward_json(r) order by r.grant_id) from reward as r where r.customer_id = of_customer))
