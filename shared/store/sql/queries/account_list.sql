-- Accounts above a cursor, in the order they were opened: a customer's, or without one everybody's.
-- in: customer_id text?, cursor text?, limit bigint
select @account_json(a) from account as a where a.account_id in (
  select account_id from (select account_id from account where customer_id = :customer_id and account_id > coalesce(:cursor, '') order by account_id limit :limit) as of_customer
  union all
  select account_id from (select account_id from account where :customer_id is null and account_id > coalesce(:cursor, '') order by account_id limit :limit) as of_all)
order by a.account_id
