-- Replaces a line's quantity.
-- in: cart_id, owner, sku, quantity, quantity_limit, cart_idle_ms, if_versions?, cancel_id?, reply?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, quantity_out_of_range, idempotency_key_seen
create or replace function cart_set_quantity(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  if not exists (select from cart_line where cart_id = doc ->> 'cart_id' and sku = doc ->> 'sku')
  then raise exception 'line_not_found'; end if;
  if (doc ->> 'quantity')::bigint > (doc ->> 'quantity_limit')::bigint then raise exception 'quantity_out_of_range'; end if;
  update cart_line set quantity = (doc ->> 'quantity')::bigint where cart_id = doc ->> 'cart_id' and sku = doc ->> 'sku';
  perform touch_cart(doc);
  return finish_command(doc, line_receipt(doc));
end
$$;
