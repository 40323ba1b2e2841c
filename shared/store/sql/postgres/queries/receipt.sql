-- The stored receipt of an idempotency key.
-- in: idempotency_key
select jsonb_build_object('request_hash', request_hash, 'receipt', receipt)::text from idempotency where idempotency_key = :idempotency_key
