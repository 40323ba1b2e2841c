-- First of all in a command that can be replayed: the key is taken, or UNIQUE says it was and the caller
-- reads the stored receipt. No key, no row. An expired record is as good as none.
-- postgres: take_idempotency_key(doc)
-- only with idempotency_key
delete from idempotency where idempotency_key = :idempotency_key and expires_at_ms <= now_ms();
-- only with idempotency_key
insert into idempotency (idempotency_key, request_hash, receipt, expires_at_ms)
  select :idempotency_key, :request_hash, null, now_ms() + :idempotency_ttl_ms where :idempotency_key is not null;
