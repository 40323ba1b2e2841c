-- The key is of this attempt from now on. One whose attempt has ended without an order is free (CHK-4).
create or replace function take_confirm_key(doc jsonb) returns void language plpgsql as $$
begin
  delete from confirm_key as k where k.owner = doc ->> 'owner' and k.idempotency_key = doc ->> 'idempotency_key'
    and exists (select from saga as g where g.saga_id = k.saga_id and g.state in ('declined', 'failed', 'voiding', 'superseded'));
  insert into confirm_key (owner, idempotency_key, saga_id, request_hash, created_at_ms)
    values (doc ->> 'owner', doc ->> 'idempotency_key', doc ->> 'saga_id', doc ->> 'request_hash', now_ms());
end
$$;
