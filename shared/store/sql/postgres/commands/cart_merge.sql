-- Takes a guest's cart into a customer's (CART-5). What each line becomes was decided from both carts as they were at these versions;
-- a customer without a cart gets a new one. The guest's codes come with it, as far as there is room beside the customer's; so do the attributes of lines that are new there, and of the cart if the customer's
-- has none; the guest's cart keeps none. Of the guest's a time that is over is no hindrance. The guest's cart keeps its lines and is `merged`, which is what its token dies of.
-- A session open on it is closed and gives its holds back; one that a confirm is running on is refused.
-- in: guest_cart_id, guest_owner, guest_version, cart_id, owner, cart_version (null: a new cart), currency, country, cart_idle_ms, lines [{sku, quantity, price_minor}], reply?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, cart_locked, version_conflict
create or replace function cart_merge(doc jsonb) returns jsonb language plpgsql as $$
declare
  guest cart;
  own cart;
begin
  perform take_idempotency_key(doc);
  if doc ->> 'cart_version' is null then
    insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms, expires_at_ms)
      values (doc ->> 'cart_id', doc ->> 'owner', 'active', doc ->> 'currency', doc ->> 'country', 0, now_ms(), now_ms(),
        now_ms() + (doc ->> 'cart_idle_ms')::bigint);
  end if;
  -- Two carts, in one order whoever is first.
  perform 1 from cart where cart_id in (doc ->> 'guest_cart_id', doc ->> 'cart_id') order by cart_id for update;
  select * into guest from cart
    where cart_id = doc ->> 'guest_cart_id' and owner = doc ->> 'guest_owner' and status in ('active', 'checkout', 'abandoned');
  if not found then raise exception 'cart_not_found'; end if;
  select * into own from cart as c
    where cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c);
  if not found then raise exception 'cart_not_found'; end if;
  if guest.saga_id is not null or own.saga_id is not null then raise exception 'cart_locked'; end if;
  if guest.version <> (doc ->> 'guest_version')::bigint or own.version <> coalesce((doc ->> 'cart_version')::bigint, 0)
  then raise exception 'version_conflict'; end if;
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms, attributes)
    select own.cart_id, line ->> 'sku', (line ->> 'quantity')::bigint, (line ->> 'price_minor')::bigint,
      coalesce((select added_at_ms from cart_line as l where l.cart_id = guest.cart_id and l.sku = line ->> 'sku'), now_ms()),
      coalesce((select attributes from cart_line as l where l.cart_id = guest.cart_id and l.sku = line ->> 'sku'), '{}')
    from each_item(doc -> 'lines') as line
    on conflict (cart_id, sku) do update set quantity = excluded.quantity;
  insert into cart_code (cart_id, code, added_at_ms)
    select own.cart_id, code, now_ms() from cart_code where cart_id = guest.cart_id and code not in (select code from cart_code where cart_id = own.cart_id)
    order by added_at_ms, code limit greatest(0, 5 - (select count(*) from cart_code where cart_id = own.cart_id));
  update cart set attributes = guest.attributes, client_reference = coalesce(client_reference, guest.client_reference)
    where cart_id = own.cart_id and attributes = '{}';
  perform release_reservations(lock_held((select session_id from checkout_session where cart_id = guest.cart_id and status = 'open')));
  update checkout_session set status = 'replaced', contact = '', email_hashes = '[]', address_hash = '' where cart_id = guest.cart_id and status = 'open';
  update cart_line set attributes = '{}' where cart_id = guest.cart_id and attributes <> '{}';
  update cart set status = 'merged', attributes = '{}', client_reference = null, version = version + 1, updated_at_ms = now_ms() where cart_id = guest.cart_id;
  perform touch_cart(doc);
  return finish_command(doc, (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('cart_id', cart_id, 'version', version)
    from cart where cart_id = own.cart_id));
end
$$;
