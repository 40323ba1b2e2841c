-- Customers by their ids, above a cursor.
-- in: cursor text, limit bigint
select @customer_json(c) from customer as c where c.customer_id > :cursor order by c.customer_id limit :limit
