-- Removes a line.
-- in: cart_id, owner, sku, cart_idle_ms, if_versions?, cancel_id?, reply?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, idempotency_key_seen
create or replace function cart_remove_line(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  delete from cart_line where cart_id = doc ->> 'cart_id' and sku = doc ->> 'sku';
  if not found then raise exception 'line_not_found'; end if;
  perform touch_cart(doc);
  return finish_command(doc, line_receipt(doc));
end
$$;
