-- Takes one live saga whose driver has gone: the buyer's retry drives on by the same code as recovery.
-- Locked first and read afterwards: whoever held a row has left it as it is read.
-- in: saga_id, lease_token, lease_ms
create or replace function saga_resume(doc jsonb) returns setof jsonb language plpgsql as $$
begin
  perform 1 from saga where saga_id = doc ->> 'saga_id' and state in ('authorizing', 'awaiting_action', 'capturing')
    and lease_until_ms <= now_ms() for update skip locked;
  if not found then return; end if;
  return query update saga
    set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint, attempts = attempts + 1, next_attempt_at_ms = now_ms()
    where saga_id = doc ->> 'saga_id' returning saga_json(saga);
end
$$;
