-- The shares of the owner's live cart that still open it, oldest first.
-- in: owner
select json_object('shares', json((select json_group_array(json_object('share_id', share_id, 'created_at_ms', created_at_ms, 'expires_at_ms', expires_at_ms))
  from (select * from cart_share where cart_id = c.cart_id and expires_at_ms > now_ms() order by created_at_ms, share_id))))
from cart as c where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired
