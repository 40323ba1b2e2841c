-- Another key for an attempt that is on its way to an order: it will be answered what the first is.
-- in: owner, saga_id, idempotency_key, request_hash
-- refuses: saga_moved_on, idempotency_key_seen
select raise(abort, 'saga_moved_on')
  where not exists (select 1 from saga where saga_id = :saga_id and owner = :owner and state in ('authorizing', 'awaiting_action', 'capturing', 'completed'));
@confirm_key
returning
(select json_object('saga_id', saga_id) from confirm_key where owner = :owner and idempotency_key = :idempotency_key)
