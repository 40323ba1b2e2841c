-- Opens the owner's cart. One live cart per owner: a second is refused as cart_exists.
-- A service may open one with its lines, at today's prices: [{sku, quantity}].
-- An owner whose cart was merged into another's is nobody any more: a guest whose token is dead (CART-5).
-- in: cart_id, owner, currency, country, lines?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, sku_unknown, quantity_out_of_range
@idempotent
select raise(abort, 'cart_not_found') where exists (select 1 from cart where owner = :owner and status = 'merged');
insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms)
  values (:cart_id, :owner, 'active', :currency, :country, 1, now_ms(), now_ms());
select raise(abort, 'sku_unknown')
  where exists (select 1 from json_each(:lines) as line where not exists (select 1 from price where price.sku = line.value ->> 'sku' and price.currency = :currency));
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
  select :cart_id, line.value ->> 'sku', sum(line.value ->> 'quantity'), amount_minor, now_ms()
  from json_each(:lines) as line join price on price.sku = line.value ->> 'sku' and price.currency = :currency group by 2;
@finish
returning
(select json_object('cart_id', cart_id, 'version', version) from cart where cart_id = :cart_id)
