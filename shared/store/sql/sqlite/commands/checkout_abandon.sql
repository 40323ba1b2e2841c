-- Closes a session whose buyer wants none of it: an attempt that waits for them ends, what is held goes free, and the cart is theirs to change.
-- in: session_id, owner, cancel_id
-- refuses: session_closed, cart_locked
select raise(abort, 'session_closed')
  where not exists (select 1 from checkout_session where session_id = :session_id and owner = :owner and status = 'open');
@supersede
select raise(abort, 'cart_locked')
  where exists (select 1 from cart where saga_id is not null and cart_id = (select cart_id from checkout_session where session_id = :session_id));
update reservation set status = 'releasing' where session_id = :session_id and status = 'active';
@release
update checkout_session set status = 'abandoned' where session_id = :session_id;
update cart set status = 'active', updated_at_ms = now_ms() where cart_id = (select cart_id from checkout_session where session_id = :session_id);
returning
(select json_object('session_id', session_id, 'cart_id', cart_id, 'status', status) from checkout_session where session_id = :session_id)
