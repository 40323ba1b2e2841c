-- Takes due sagas for recovery, oldest first; the token fences whoever held them before (WRK-2).
-- Locked first and read afterwards: whoever held a row has left it as it is read.
-- in: lease_token, lease_ms, limit
create or replace function saga_lease(doc jsonb) returns setof jsonb language plpgsql as $$
declare
  due text[];
begin
  due := (select array(select saga_id from saga where state in ('authorizing', 'awaiting_action', 'capturing')
    and next_attempt_at_ms <= now_ms() and lease_until_ms <= now_ms()
    order by next_attempt_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  return query update saga
    set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint, attempts = attempts + 1
    where saga_id = any (due) returning saga_json(saga);
end
$$;
