-- The stored receipt of an idempotency key.
-- in: idempotency_key
select json_object('request_hash', request_hash, 'receipt', json(receipt)) from idempotency where idempotency_key = :idempotency_key
