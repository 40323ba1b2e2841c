-- A customer's account of points.
-- in: customer_id text
select object('account_id', a.account_id) from account as a where a.customer_id = :customer_id and a.kind = 'points' and a.currency = ''
