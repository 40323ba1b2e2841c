-- Closes a session whose buyer wants none of it: an attempt that waits for them ends, what is held goes free, and the cart is theirs to change.
-- in: session_id text, owner text, cancel_id text
-- refuses: session_closed, cart_locked
lock cart where cart_id = (select cart_id from checkout_session where session_id = :session_id and owner = :owner);
refuse 'session_closed'
  where not exists (select 1 from checkout_session where session_id = :session_id and owner = :owner and status = 'open');
@supersede
refuse 'cart_locked'
  where exists (select 1 from cart where saga_id is not null and cart_id = (select cart_id from checkout_session where session_id = :session_id));
@release_held(:session_id, true)
update checkout_session set status = 'abandoned' where session_id = :session_id;
update cart set status = 'active', updated_at_ms = now_ms() where cart_id = (select cart_id from checkout_session where session_id = :session_id);
returning
(select object('session_id', session_id, 'cart_id', cart_id, 'status', status) from checkout_session where session_id = :session_id)
