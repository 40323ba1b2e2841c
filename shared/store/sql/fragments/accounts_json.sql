-- A customer's accounts of stored value, in the order they were opened.
-- function: (of_customer text) returns jsonb language sql
document((select list(@account_json(a) order by a.account_id) from account as a where a.customer_id = of_customer))
