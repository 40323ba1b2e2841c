-- Ends the carts that the command has marked 'abandoning': what is held for them goes back, an open session is closed, and who listens hears
-- of it. A cart is abandoned once, so its id is the event's.
update reservation set status = 'releasing' where status = 'active'
  and session_id in (select s.session_id from cart as c join checkout_session as s on s.cart_id = c.cart_id and s.status = 'open' where c.status = 'abandoning');
@release
update checkout_session set status = 'expired' where status = 'open' and cart_id in (select cart_id from cart where status = 'abandoning');
insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select cart_id, 'cart/' || cart_id, 'cart.abandoned', json_object('cart_id', cart_id, 'owner', owner, 'version', version + 1,
      'currency', currency, 'country', country, 'expired_at_ms', expires_at_ms,
      'items_count', coalesce((select sum(quantity) from cart_line where cart_line.cart_id = cart.cart_id), 0)), 'pending', 0, now_ms(), 0, now_ms()
  from cart where status = 'abandoning' order by expires_at_ms, cart_id;
update cart set status = 'abandoned', version = version + 1, updated_at_ms = now_ms() where status = 'abandoning';
