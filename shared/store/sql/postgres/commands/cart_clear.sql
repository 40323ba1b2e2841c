-- Removes every line; the cart stays.
-- in: cart_id, owner, cart_idle_ms, if_versions?, cancel_id?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, idempotency_key_seen
create or replace function cart_clear(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  delete from cart_line where cart_id = doc ->> 'cart_id';
  perform touch_cart(doc);
  return finish_command(doc, (select jsonb_build_object('cart_id', cart_id, 'version', version, 'lines', 0) from cart where cart_id = doc ->> 'cart_id'));
end
$$;
