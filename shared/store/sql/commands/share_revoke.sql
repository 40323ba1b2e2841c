-- Ends a share of the owner's live cart: its token opens nothing from here on (CART-14).
-- in: share_id text, owner text, idempotency…?
-- refuses: cart_not_found, share_not_found, idempotency_key_seen
@idempotent
refuse 'cart_not_found'
  where not exists (select 1 from cart as c where owner = :owner and status in ('active', 'checkout') and @unexpired(c));
-- Of two at once one ends it, and the other finds none.
lock cart_share where cart_id = (select cart_id from cart where owner = :owner and status in ('active', 'checkout')) and share_id = :share_id;
refuse 'share_not_found'
  where not exists (select 1 from cart join cart_share as s on s.cart_id = cart.cart_id
    where cart.owner = :owner and cart.status in ('active', 'checkout') and s.share_id = :share_id and s.expires_at_ms > now_ms());
delete from cart_share
  where cart_id = (select cart_id from cart where owner = :owner and status in ('active', 'checkout')) and share_id = :share_id;
@finish
returning
(select object('cart_id', cart_id, 'share_id', :share_id) from cart where owner = :owner and status in ('active', 'checkout'))
