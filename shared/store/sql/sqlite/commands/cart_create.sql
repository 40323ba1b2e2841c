-- Opens the owner's cart. One live cart per owner: a second is refused as cart_exists.
-- A service may open one with its lines, at today's prices: [{sku, quantity}].
-- Who comes back gets the lines of a cart that they abandoned: at the prices they were added at, in another currency at today's, and what is not
-- sold in it stays behind (CART-10).
-- An owner whose cart was merged into another's is nobody any more: a guest whose token is dead (CART-5).
-- in: cart_id, owner, currency, country, cart_idle_ms, lines?, from_cart_id?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, sku_unknown, quantity_out_of_range
@idempotent
select raise(abort, 'cart_not_found') where exists (select 1 from cart where owner = :owner and status = 'merged');
insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms, expires_at_ms)
  values (:cart_id, :owner, 'active', :currency, :country, 1, now_ms(), now_ms(), now_ms() + :cart_idle_ms);
select raise(abort, 'sku_unknown')
  where exists (select 1 from json_each(:lines) as line where not exists (select 1 from price where price.sku = line.value ->> 'sku' and price.currency = :currency));
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
  select :cart_id, wanted.sku, wanted.quantity, @price_of(wanted.sku, :currency, :owner, wanted.quantity), now_ms()
  from (select line.value ->> 'sku' as sku, sum(line.value ->> 'quantity') as quantity from json_each(:lines) as line group by 1) as wanted;
-- only with from_cart_id
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms, attributes)
  select :cart_id, back.sku, back.quantity, back.price_minor, back.added_at_ms, back.attributes
  from (select l.*, iif(c.currency = :currency, l.added_price_minor, @price_of(l.sku, :currency, c.owner, l.quantity)) as price_minor
    from cart as c join cart_line as l on l.cart_id = c.cart_id
    where c.cart_id = :from_cart_id and c.owner = :owner and c.status = 'abandoned') as back
  where back.price_minor is not null;
-- only with from_cart_id
delete from cart_line where cart_id = (select cart_id from cart where cart_id = :from_cart_id and owner = :owner and status = 'abandoned')
  and sku in (select sku from cart_line where cart_id = :cart_id);
-- only with from_cart_id
update cart set attributes = left_behind.attributes, client_reference = left_behind.client_reference
  from (select attributes, client_reference from cart where cart_id = :from_cart_id and owner = :owner and status = 'abandoned') as left_behind
  where cart_id = :cart_id;
-- A merge that was decided from those lines is decided anew.
-- only with from_cart_id
update cart set version = version + 1, updated_at_ms = now_ms() where cart_id = :from_cart_id and owner = :owner and status = 'abandoned';
@finish
returning
(select json_object('cart_id', cart_id, 'version', version) from cart where cart_id = :cart_id)
