-- Opens the owner's cart. One live cart per owner: a second is refused as cart_exists.
-- A service may open one with its lines, at today's prices: [{sku, quantity}].
-- An owner whose cart was merged into another's is nobody any more: a guest whose token is dead (CART-5).
-- in: cart_id, owner, currency, country, lines?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, sku_unknown, quantity_out_of_range
create or replace function cart_create(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  if exists (select from cart where owner = doc ->> 'owner' and status = 'merged') then raise exception 'cart_not_found'; end if;
  insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms)
    values (doc ->> 'cart_id', doc ->> 'owner', 'active', doc ->> 'currency', doc ->> 'country', 1, now_ms(), now_ms());
  if exists (select from each_item(doc -> 'lines') as line
    where not exists (select from price where price.sku = line ->> 'sku' and price.currency = doc ->> 'currency'))
  then raise exception 'sku_unknown'; end if;
  -- A sum beyond what a quantity may be is for the CHECK to refuse, not for the type to fail at.
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
    select doc ->> 'cart_id', price.sku, least(sum((line ->> 'quantity')::bigint), 10001), price.amount_minor, now_ms()
    from each_item(doc -> 'lines') as line join price on price.sku = line ->> 'sku' and price.currency = doc ->> 'currency'
    group by price.sku, price.amount_minor;
  return finish_command(doc, (select jsonb_build_object('cart_id', cart_id, 'version', version) from cart where cart_id = doc ->> 'cart_id'));
end
$$;
