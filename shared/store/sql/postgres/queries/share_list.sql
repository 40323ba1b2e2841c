-- The shares of the owner's live cart that still open it, oldest first.
-- in: owner
select jsonb_build_object('shares', coalesce((select jsonb_agg(
    jsonb_build_object('share_id', share_id, 'created_at_ms', created_at_ms, 'expires_at_ms', expires_at_ms) order by created_at_ms, share_id)
  from cart_share where cart_share.cart_id = c.cart_id and expires_at_ms > now_ms()), '[]'))::text
from cart as c where c.owner = :owner and c.status in ('active', 'checkout') and unexpired(c)
