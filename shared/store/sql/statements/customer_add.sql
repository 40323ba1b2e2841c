-- A customer's first session: their row. One that is there stays as it is.
-- in: customer_id text
insert into customer (customer_id, created_at_ms, updated_at_ms) select :customer_id, now_ms(), now_ms() where true on conflict do nothing
returning object('customer_id', customer_id)
