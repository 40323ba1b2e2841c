-- Lets whoever shows a token look at the owner's live cart for a while (CART-14). Only the token's hash is kept.
-- Takes away what has expired, of this cart and of others, a few at a time: no worker has to.
-- in: share_id, token_hash, owner, ttl_ms, share_limit, prune_limit
-- refuses: cart_not_found, too_many_shares
select raise(abort, 'cart_not_found')
  where not exists (select 1 from cart as c where owner = :owner and status in ('active', 'checkout') and @unexpired(c));
select raise(abort, 'too_many_shares')
  where (select count(*) from cart join cart_share as s on s.cart_id = cart.cart_id
    where cart.owner = :owner and cart.status in ('active', 'checkout') and s.expires_at_ms > now_ms()) >= :share_limit;
delete from cart_share
  where token_hash in (select token_hash from cart_share where expires_at_ms <= now_ms() order by expires_at_ms limit :prune_limit);
insert into cart_share (token_hash, share_id, cart_id, created_at_ms, expires_at_ms)
  select :token_hash, :share_id, cart_id, now_ms(), now_ms() + :ttl_ms from cart where owner = :owner and status in ('active', 'checkout');
returning
(select json_object('share_id', share_id, 'cart_id', cart_id, 'created_at_ms', created_at_ms, 'expires_at_ms', expires_at_ms)
  from cart_share where token_hash = :token_hash)
