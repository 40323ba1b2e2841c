-- Ends carts whose time is over, oldest first, and forgets what was abandoned too long ago to be come back to, with its lines and shares
-- (CART-10). A cart that a confirm holds is left alone, and one that became an order is not abandoned. Checkouts whose time is over end, and their
-- carts are active again (CHK-17); what is held for them goes back.
-- in: limit, recovery_ms
update cart set status = 'abandoning'
  where cart_id in (select cart_id from cart where status = 'active' and saga_id is null and expires_at_ms <= now_ms() order by expires_at_ms limit :limit);
update cart set status = 'abandoning'
  where cart_id in (select cart_id from cart where status = 'checkout' and saga_id is null and expires_at_ms <= now_ms() order by expires_at_ms limit :limit);
insert into counter (name, value) select 'carts_abandoned_total', count(*) from cart where status = 'abandoning'
  on conflict (name) do update set value = value + excluded.value;
insert into worker_run (worker, last_success_at_ms, report)
  select 'cart-cleanup', now_ms(), json_object('abandoned', (select count(*) from cart where status = 'abandoning'),
    'ended', (select count(*) from checkout_session where session_id in (select s.session_id from @sessions_past_time)),
    'forgotten', (select count(*) from cart where cart_id in (select cart_id from @forgotten_carts))) where true
  on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
update reservation set status = 'releasing' where status = 'active' and session_id in (select s.session_id from @sessions_past_time);
@release
update cart set status = 'active' where status = 'checkout' and cart_id in (select s.cart_id from @sessions_past_time);
update checkout_session set status = 'expired' where session_id in (select s.session_id from @sessions_past_time);
delete from cart_line where cart_id in (select cart_id from @forgotten_carts);
delete from cart_share where cart_id in (select cart_id from @forgotten_carts);
delete from cart where cart_id in (select cart_id from @forgotten_carts);
@abandon
returning
(select report from worker_run where worker = 'cart-cleanup')
