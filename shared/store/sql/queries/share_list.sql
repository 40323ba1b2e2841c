-- The shares of the owner's live cart that still open it, oldest first.
-- in: owner text
select object('shares', document((select list(object('share_id', s.share_id, 'created_at_ms', s.created_at_ms, 'expires_at_ms', s.expires_at_ms)
    order by s.created_at_ms, s.share_id)
  from cart_share as s where s.cart_id = c.cart_id and s.expires_at_ms > now_ms())))
from cart as c where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
