-- Lets whoever shows a token look at the owner's live cart for a while (CART-14). Only the token's hash is kept.
-- Takes away what has expired, of this cart and of others, a few at a time: no worker has to.
-- in: share_id, token_hash, owner, ttl_ms, share_limit, prune_limit
-- refuses: cart_not_found, too_many_shares
create or replace function share_create(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_cart_id text;
begin
  -- Locked, so that many at once are counted one after the other.
  select cart_id into the_cart_id from cart as c
    where owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c) for update;
  if not found then raise exception 'cart_not_found'; end if;
  if (select count(*) from cart_share where cart_id = the_cart_id and expires_at_ms > now_ms()) >= (doc ->> 'share_limit')::bigint
  then raise exception 'too_many_shares'; end if;
  delete from cart_share where token_hash = any (array(select token_hash from cart_share where expires_at_ms <= now_ms()
    order by expires_at_ms limit (doc ->> 'prune_limit')::bigint for update skip locked));
  insert into cart_share (token_hash, share_id, cart_id, created_at_ms, expires_at_ms)
    values (doc ->> 'token_hash', doc ->> 'share_id', the_cart_id, now_ms(), now_ms() + (doc ->> 'ttl_ms')::bigint);
  return (select jsonb_build_object('share_id', share_id, 'cart_id', cart_id, 'created_at_ms', created_at_ms, 'expires_at_ms', expires_at_ms)
    from cart_share where token_hash = doc ->> 'token_hash');
end
$$;
