-- The live cart that a share's token opens, as its owner sees it, and until when it does (CART-14).
-- in: token_hash text
select object('cart', @cart_json(c), 'expires_at_ms', s.expires_at_ms)
from cart_share as s join cart as c on c.cart_id = s.cart_id
where s.token_hash = :token_hash and s.expires_at_ms > now_ms() and c.status in ('active', 'checkout') and @unexpired(c)
