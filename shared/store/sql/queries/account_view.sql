-- One account: a customer's, or without one anybody's.
-- in: account_id text, customer_id text?
select @account_json(a) from account as a where a.account_id = :account_id and (:customer_id is null or a.customer_id = :customer_id)
