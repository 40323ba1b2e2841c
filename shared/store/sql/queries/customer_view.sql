-- One customer.
-- in: customer_id text
select @customer_json(c) from customer as c where c.customer_id = :customer_id
