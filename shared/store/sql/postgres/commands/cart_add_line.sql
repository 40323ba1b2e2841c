-- Adds to a line's quantity: a delta, so that parallel adds never conflict and never lose one another (CART-1).
-- in: cart_id, owner, sku, quantity, price_minor, line_limit, quantity_limit, cart_idle_ms, if_versions?, cancel_id?, reply?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, too_many_lines, quantity_out_of_range, idempotency_key_seen
create or replace function cart_add_line(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  -- A sum beyond what a quantity may be is for the CHECK to refuse, not for the type to fail at.
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
    values (doc ->> 'cart_id', doc ->> 'sku', least((doc ->> 'quantity')::bigint, 10001), (doc ->> 'price_minor')::bigint, now_ms())
    on conflict (cart_id, sku) do update set quantity = cart_line.quantity + excluded.quantity;
  if (select quantity from cart_line where cart_id = doc ->> 'cart_id' and sku = doc ->> 'sku') > (doc ->> 'quantity_limit')::bigint
  then raise exception 'quantity_out_of_range'; end if;
  if (select count(*) from cart_line where cart_id = doc ->> 'cart_id') > (doc ->> 'line_limit')::bigint
  then raise exception 'too_many_lines'; end if;
  perform touch_cart(doc);
  return finish_command(doc, line_receipt(doc));
end
$$;
