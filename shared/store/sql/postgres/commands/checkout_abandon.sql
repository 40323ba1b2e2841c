-- Closes a session whose buyer wants none of it: an attempt that waits for them ends, what is held goes free, and the cart is theirs to change.
-- in: session_id, owner, cancel_id
-- refuses: session_closed, cart_locked
create or replace function checkout_abandon(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_cart cart;
begin
  select c.* into the_cart from cart as c where c.cart_id = (select cart_id from checkout_session
    where session_id = doc ->> 'session_id' and owner = doc ->> 'owner') for update;
  if not exists (select from checkout_session where session_id = doc ->> 'session_id' and owner = doc ->> 'owner' and status = 'open')
  then raise exception 'session_closed'; end if;
  if supersede(doc) is null and the_cart.saga_id is not null then raise exception 'cart_locked'; end if;
  update checkout_session set status = 'abandoned' where session_id = doc ->> 'session_id';
  perform release_reservations(lock_held(doc ->> 'session_id'));
  update cart set status = 'active', updated_at_ms = now_ms() where cart_id = the_cart.cart_id;
  return jsonb_build_object('session_id', doc ->> 'session_id', 'cart_id', the_cart.cart_id, 'status', 'abandoned');
end
$$;
