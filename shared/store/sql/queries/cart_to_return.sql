-- The cart that its owner can come back to (CART-10): their live one if its time is over and nobody has written it down yet, else the newest that
-- was abandoned and still has lines.
-- in: owner text, recovery_ms bigint
select object('cart_id', cart_id, 'currency', currency, 'country', country, 'abandoned', flag(status = 'abandoned'))
from cart where cart_id = coalesce(
  (select cart_id from cart where owner = :owner and status in ('active', 'checkout') and saga_id is null and expires_at_ms <= now_ms()),
  (select cart_id from cart as left_behind where owner = :owner and status = 'abandoned' and expires_at_ms > now_ms() - :recovery_ms
    and exists (select 1 from cart_line as l where l.cart_id = left_behind.cart_id) order by expires_at_ms desc limit 1))
