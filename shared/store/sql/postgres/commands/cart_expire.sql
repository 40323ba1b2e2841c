-- Ends carts whose time is over, oldest first, and forgets what was abandoned too long ago to be come back to, with its lines and shares
-- (CART-10). A cart that a confirm holds is left alone, and one that became an order is not abandoned.
-- in: limit, recovery_ms
create or replace function cart_expire(doc jsonb) returns jsonb language plpgsql as $$
declare
  due text[];
  old text[];
  answer jsonb;
begin
  -- What someone else holds is being changed, confirmed or ended already.
  due := (select array(select cart_id from cart where status = 'active' and saga_id is null and expires_at_ms <= now_ms()
      order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked))
    || (select array(select cart_id from cart where status = 'checkout' and saga_id is null and expires_at_ms <= now_ms()
      order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  old := (select array(select cart_id from cart where status = 'abandoned' and expires_at_ms <= now_ms() - (doc ->> 'recovery_ms')::bigint
    order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  delete from cart_line where cart_id = any (old);
  delete from cart_share where cart_id = any (old);
  delete from cart where cart_id = any (old);
  perform abandon_carts(due);
  answer := jsonb_build_object('abandoned', cardinality(due), 'forgotten', cardinality(old));
  insert into counter (name, value) values ('carts_abandoned_total', cardinality(due))
    on conflict (name) do update set value = counter.value + excluded.value;
  insert into worker_run (worker, last_success_at_ms, report) values ('cart-cleanup', now_ms(), answer)
    on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
  return answer;
end
$$;
