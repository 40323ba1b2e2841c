-- Opens the owner's cart. One live cart per owner: a second is refused as cart_exists.
-- A service may open one with its lines, at today's prices: [{sku, quantity}].
-- Who comes back gets the lines of a cart that they abandoned: at the prices they were added at, in another currency at today's, and what is not
-- sold in it stays behind (CART-10).
-- An owner whose cart was merged into another's is nobody any more: a guest whose token is dead (CART-5).
-- in: cart_id, owner, currency, country, cart_idle_ms, lines?, from_cart_id?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, sku_unknown, quantity_out_of_range
create or replace function cart_create(doc jsonb) returns jsonb language plpgsql as $$
declare
  left_behind cart;
begin
  perform take_idempotency_key(doc);
  -- Locked before anything is asked: a merge that was here first has made the owner nobody.
  select * into left_behind from cart
    where cart_id = doc ->> 'from_cart_id' and owner = doc ->> 'owner' and status = 'abandoned' for update;
  if exists (select from cart where owner = doc ->> 'owner' and status = 'merged') then raise exception 'cart_not_found'; end if;
  insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms, expires_at_ms)
    values (doc ->> 'cart_id', doc ->> 'owner', 'active', doc ->> 'currency', doc ->> 'country', 1, now_ms(), now_ms(),
      now_ms() + (doc ->> 'cart_idle_ms')::bigint);
  if exists (select from each_item(doc -> 'lines') as line
    where not exists (select from price where price.sku = line ->> 'sku' and price.currency = doc ->> 'currency'))
  then raise exception 'sku_unknown'; end if;
  -- A sum beyond what a quantity may be is for the CHECK to refuse, not for the type to fail at.
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
    select doc ->> 'cart_id', wanted.sku, wanted.quantity, price_of(wanted.sku, doc ->> 'currency', doc ->> 'owner', wanted.quantity), now_ms()
    from (select line ->> 'sku' as sku, least(sum((line ->> 'quantity')::bigint), 10001)::bigint as quantity
      from each_item(doc -> 'lines') as line group by 1) as wanted;
  if left_behind.cart_id is not null then
    insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms, attributes)
      select doc ->> 'cart_id', back.sku, back.quantity, back.price_minor, back.added_at_ms, back.attributes
      from (select l.*, case when left_behind.currency = doc ->> 'currency' then l.added_price_minor
          else price_of(l.sku, doc ->> 'currency', left_behind.owner, l.quantity) end as price_minor
        from cart_line as l where l.cart_id = left_behind.cart_id) as back
      where back.price_minor is not null;
    delete from cart_line where cart_id = left_behind.cart_id and sku in (select sku from cart_line where cart_id = doc ->> 'cart_id');
    update cart set attributes = left_behind.attributes, client_reference = left_behind.client_reference where cart_id = doc ->> 'cart_id';
    -- A merge that was decided from those lines is decided anew.
    update cart set version = version + 1, updated_at_ms = now_ms() where cart_id = left_behind.cart_id;
  end if;
  return finish_command(doc, (select jsonb_build_object('cart_id', cart_id, 'version', version) from cart where cart_id = doc ->> 'cart_id'));
end
$$;
