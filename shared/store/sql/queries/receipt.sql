-- The stored receipt of an idempotency key.
-- in: idempotency_key text
select object('request_hash', request_hash, 'receipt', document(receipt)) from idempotency where idempotency_key = :idempotency_key
