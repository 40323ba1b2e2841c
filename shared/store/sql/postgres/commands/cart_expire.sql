-- Ends carts whose time is over, oldest first, and forgets what was abandoned too long ago to be come back to, with its lines and shares
-- (CART-10). A cart that a confirm holds is left alone, and one that became an order is not abandoned. Checkouts whose time is over end, and their
-- carts are active again (CHK-17); what is held for them goes back.
-- in: limit, recovery_ms
create or replace function cart_expire(doc jsonb) returns jsonb language plpgsql as $$
declare
  due text[];
  old text[];
  ended text[];
  answer jsonb;
begin
  -- What someone else holds is being changed, confirmed or ended already.
  due := (select array(select cart_id from cart where status = 'active' and saga_id is null and expires_at_ms <= now_ms()
      order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked))
    || (select array(select cart_id from cart where status = 'checkout' and saga_id is null and expires_at_ms <= now_ms()
      order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  old := (select array(select cart_id from cart where status = 'abandoned' and expires_at_ms <= now_ms() - (doc ->> 'recovery_ms')::bigint
    order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  ended := (select array(select c.cart_id from checkout_session as s
    join cart as c on c.cart_id = s.cart_id and c.status in ('active', 'checkout') and c.saga_id is null
    where s.status = 'open' and s.expires_at_ms <= now_ms() and c.cart_id <> all (due) order by s.expires_at_ms limit (doc ->> 'limit')::bigint
    for update of c skip locked));
  perform release_reservations((select array(select reservation_id from reservation where status = 'active'
      and session_id in (select session_id from checkout_session where cart_id = any (ended) and status = 'open' and expires_at_ms <= now_ms())
    order by reservation_id for update)));
  update cart set status = 'active' where status = 'checkout' and cart_id = any (ended);
  update checkout_session set status = 'expired' where status = 'open' and expires_at_ms <= now_ms() and cart_id = any (ended);
  delete from cart_line where cart_id = any (old);
  delete from cart_share where cart_id = any (old);
  delete from cart where cart_id = any (old);
  perform abandon_carts(due);
  answer := jsonb_build_object('abandoned', cardinality(due), 'ended', cardinality(ended), 'forgotten', cardinality(old));
  insert into counter (name, value) values ('carts_abandoned_total', cardinality(due))
    on conflict (name) do update set value = counter.value + excluded.value;
  insert into worker_run (worker, last_success_at_ms, report) values ('cart-cleanup', now_ms(), answer)
    on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
  return answer;
end
$$;
