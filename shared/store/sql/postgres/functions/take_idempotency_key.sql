-- First of all in a command that can be replayed: the key is taken, or UNIQUE says it was and the caller
-- reads the stored receipt. No key, no row. An expired record is as good as none.
-- A second sender of the key waits here until the first has committed or failed.
create or replace function take_idempotency_key(doc jsonb) returns void language plpgsql as $$
begin
  if doc ->> 'idempotency_key' is null then return; end if;
  delete from idempotency where idempotency_key = doc ->> 'idempotency_key' and expires_at_ms <= now_ms();
  insert into idempotency (idempotency_key, request_hash, receipt, expires_at_ms)
    values (doc ->> 'idempotency_key', doc ->> 'request_hash', null, now_ms() + (doc ->> 'idempotency_ttl_ms')::bigint);
end
$$;
