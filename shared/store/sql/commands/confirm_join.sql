-- Another key for an attempt that is on its way to an order: it will be answered what the first is.
-- in: owner text, saga_id text, idempotency_key text, request_hash text
-- refuses: saga_moved_on, idempotency_key_seen
-- Whoever would end the attempt takes its cart first.
lock cart where cart_id = (select cart_id from saga where saga_id = :saga_id);
refuse 'saga_moved_on'
  where not exists (select 1 from saga where saga_id = :saga_id and owner = :owner and state in ('authorizing', 'awaiting_action', 'capturing', 'completed'));
@confirm_key
returning
(select object('saga_id', saga_id) from confirm_key where owner = :owner and idempotency_key = :idempotency_key)
