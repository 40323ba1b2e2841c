-- Ends a share of the owner's live cart: its token opens nothing from here on (CART-14).
-- in: share_id, owner, idempotency…?
-- refuses: cart_not_found, share_not_found, idempotency_key_seen
create or replace function share_revoke(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_cart_id text;
begin
  perform take_idempotency_key(doc);
  select cart_id into the_cart_id from cart as c where owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c);
  if not found then raise exception 'cart_not_found'; end if;
  delete from cart_share where cart_id = the_cart_id and share_id = doc ->> 'share_id' and expires_at_ms > now_ms();
  if not found then raise exception 'share_not_found'; end if;
  return finish_command(doc, jsonb_build_object('cart_id', the_cart_id, 'share_id', doc ->> 'share_id'));
end
$$;
