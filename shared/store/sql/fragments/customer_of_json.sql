-- The customer of this id.
-- function: (of_customer text) returns jsonb language sql
document((select @customer_json(c) from customer as c where c.customer_id = of_customer))
