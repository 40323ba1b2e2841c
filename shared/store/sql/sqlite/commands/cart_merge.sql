-- Takes a guest's cart into a customer's (CART-5). What each line becomes was decided from both carts as they were at these versions;
-- a customer without a cart gets a new one. The guest's codes come with it, as far as there is room beside the customer's; so do the attributes of lines that are new there, and of the cart if the customer's
-- has none; the guest's cart keeps none. Of the guest's a time that is over is no hindrance. The guest's cart keeps its lines and is `merged`, which is what its token dies of.
-- A session open on it is closed and gives its holds back; one that a confirm is running on is refused.
-- in: guest_cart_id, guest_owner, guest_version, cart_id, owner, cart_version (null: a new cart), currency, country, cart_idle_ms, lines [{sku, quantity, price_minor}], reply?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, cart_locked, version_conflict
@idempotent
insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms, expires_at_ms)
  select :cart_id, :owner, 'active', :currency, :country, 0, now_ms(), now_ms(), now_ms() + :cart_idle_ms where :cart_version is null;
select raise(abort, 'cart_not_found')
  where not exists (select 1 from cart where cart_id = :guest_cart_id and owner = :guest_owner and status in ('active', 'checkout', 'abandoned'))
    or not exists (select 1 from cart as c where cart_id = :cart_id and owner = :owner and status in ('active', 'checkout') and @unexpired(c));
select raise(abort, 'cart_locked') where exists (select 1 from cart where cart_id in (:guest_cart_id, :cart_id) and saga_id is not null);
select raise(abort, 'version_conflict')
  where not exists (select 1 from cart where cart_id = :guest_cart_id and version = :guest_version)
    or not exists (select 1 from cart where cart_id = :cart_id and version = coalesce(:cart_version, 0));
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms, attributes)
  select :cart_id, line.value ->> 'sku', line.value ->> 'quantity', line.value ->> 'price_minor',
    coalesce((select added_at_ms from cart_line where cart_id = :guest_cart_id and sku = line.value ->> 'sku'), now_ms()),
    coalesce((select attributes from cart_line where cart_id = :guest_cart_id and sku = line.value ->> 'sku'), '{}')
  from json_each(:lines) as line where true
  on conflict (cart_id, sku) do update set quantity = excluded.quantity;
insert into cart_code (cart_id, code, added_at_ms)
  select :cart_id, code, now_ms() from cart_code where cart_id = :guest_cart_id and code not in (select code from cart_code where cart_id = :cart_id)
  order by added_at_ms, code limit max(0, 5 - (select count(*) from cart_code where cart_id = :cart_id));
update cart set attributes = guest.attributes, client_reference = coalesce(cart.client_reference, guest.client_reference)
  from (select attributes, client_reference from cart where cart_id = :guest_cart_id) as guest where cart.cart_id = :cart_id and cart.attributes = '{}';
update reservation set status = 'releasing' where status = 'active'
  and session_id = (select session_id from checkout_session where cart_id = :guest_cart_id and status = 'open');
@release
update checkout_session set status = 'replaced', contact = '', email_hashes = '[]', address_hash = '' where cart_id = :guest_cart_id and status = 'open';
update cart_line set attributes = '{}' where cart_id = :guest_cart_id and attributes <> '{}';
update cart set status = 'merged', attributes = '{}', client_reference = null, version = version + 1, updated_at_ms = now_ms() where cart_id = :guest_cart_id;
@touch_cart
@finish
returning
(select json_patch(coalesce(:reply, '{}'), json_object('cart_id', cart_id, 'version', version)) from cart where cart_id = :cart_id)
