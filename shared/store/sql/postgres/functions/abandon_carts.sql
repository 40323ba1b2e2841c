-- Ends locked carts: what is held for them goes back, an open session is closed, and who listens hears of it. A cart is abandoned once, so its
-- id is the event's.
create or replace function abandon_carts(due text[]) returns void language plpgsql as $$
begin
  perform release_reservations((select array(select reservation_id from reservation
    where status = 'active' and session_id in (select session_id from checkout_session where cart_id = any (due) and status = 'open')
    order by reservation_id for update)));
  update checkout_session set status = 'expired' where cart_id = any (due) and status = 'open';
  insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select cart_id, 'cart/' || cart_id, 'cart.abandoned', jsonb_build_object('cart_id', cart_id, 'owner', owner, 'version', version + 1,
        'currency', currency, 'country', country, 'expired_at_ms', expires_at_ms,
        'items_count', coalesce((select sum(quantity) from cart_line where cart_line.cart_id = cart.cart_id), 0)), 'pending', 0, now_ms(), 0, now_ms()
    from cart where cart_id = any (due) order by expires_at_ms, cart_id;
  update cart set status = 'abandoned', version = version + 1, updated_at_ms = now_ms() where cart_id = any (due);
end
$$;
