-- Opens a checkout session on the cart as the buyer saw it; an open one is replaced, and what it holds passes on to the new one without
-- going free. With a `cancel_id` an attempt that waits for its buyer ends: they begin anew. The cart lives at
-- least as long.
-- in: session_id, cart_id, owner, cart_version, country, region, shipping_method, payment_method, contact (sealed), totals, session_ttl_ms, cart_idle_ms, cancel_id?, reply?, idempotency…?
-- refuses: cart_not_found, cart_locked, cart_changed, idempotency_key_seen
create or replace function checkout_begin(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_cart cart;
  held text[];
begin
  perform take_idempotency_key(doc);
  select * into the_cart from cart as c
    where cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c) for update;
  if not found then raise exception 'cart_not_found'; end if;
  if supersede(doc) is null and the_cart.saga_id is not null then raise exception 'cart_locked'; end if;
  if the_cart.version <> (doc ->> 'cart_version')::bigint then raise exception 'cart_changed'; end if;
  held := lock_held((select session_id from checkout_session where cart_id = the_cart.cart_id and status = 'open'));
  update reservation set session_id = doc ->> 'session_id' where reservation_id = any (held);
  update checkout_session set status = 'replaced' where cart_id = the_cart.cart_id and status = 'open';
  insert into checkout_session (session_id, cart_id, owner, status, cart_version, country, region, shipping_method, payment_method, contact, totals, created_at_ms, expires_at_ms)
    values (doc ->> 'session_id', the_cart.cart_id, the_cart.owner, 'open', the_cart.version, doc ->> 'country', doc ->> 'region', doc ->> 'shipping_method',
      doc ->> 'payment_method', doc ->> 'contact', doc -> 'totals', now_ms(), now_ms() + (doc ->> 'session_ttl_ms')::bigint);
  update cart set status = 'checkout', updated_at_ms = now_ms(),
      expires_at_ms = greatest(expires_at_ms, now_ms() + (doc ->> 'cart_idle_ms')::bigint, now_ms() + (doc ->> 'session_ttl_ms')::bigint)
    where cart_id = the_cart.cart_id;
  return finish_command(doc, (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('session_id', session_id,
      'created_at_ms', created_at_ms, 'prices_validated_at_ms', created_at_ms, 'expires_at_ms', expires_at_ms)
    from checkout_session where session_id = doc ->> 'session_id'));
end
$$;
