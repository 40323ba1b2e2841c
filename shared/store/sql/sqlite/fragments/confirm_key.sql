-- The key is of this attempt from now on. One whose attempt has ended without an order is free (CHK-4).
-- postgres: take_confirm_key(doc)
delete from confirm_key where owner = :owner and idempotency_key = :idempotency_key
  and saga_id in (select saga_id from saga where saga.saga_id = confirm_key.saga_id and state in ('declined', 'failed', 'voiding', 'superseded'));
insert into confirm_key (owner, idempotency_key, saga_id, request_hash, created_at_ms)
  values (:owner, :idempotency_key, :saga_id, :request_hash, now_ms());
