-- Another key for an attempt that is on its way to an order: it will be answered what the first is.
-- in: owner, saga_id, idempotency_key, request_hash
-- refuses: saga_moved_on, idempotency_key_seen
create or replace function confirm_join(doc jsonb) returns jsonb language plpgsql as $$
begin
  -- Whoever would end the attempt takes its cart first.
  perform 1 from cart where cart_id = (select cart_id from saga where saga_id = doc ->> 'saga_id') for update;
  if not exists (select from saga where saga_id = doc ->> 'saga_id' and owner = doc ->> 'owner'
    and state in ('authorizing', 'awaiting_action', 'capturing', 'completed'))
  then raise exception 'saga_moved_on'; end if;
  perform take_confirm_key(doc);
  return jsonb_build_object('saga_id', doc ->> 'saga_id');
end
$$;
