-- The provider has deleted a customer who was erased.
-- in: payer_id text
delete from payer where payer_id = :payer_id and customer_id is null
returning object('payer_id', payer_id)
