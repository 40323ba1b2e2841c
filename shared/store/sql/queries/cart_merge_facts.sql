-- What a merge is decided from: the guest's cart, the customer's if there is one, and each of the guest's lines with the customer's quantity of it,
-- its price in the currency it would have, and what is available: what the guest's own session holds is given back by the merge, and so is among it.
-- A guest whose time is over, though not by more than they may come back in, is none the less at the door.
-- in: guest_owner text, owner text, recovery_ms bigint
select object('guest_cart_id', g.cart_id, 'guest_version', g.version, 'guest_currency', g.currency, 'country', g.country,
  'cart_id', c.cart_id, 'cart_version', c.version, 'currency', coalesce(c.currency, g.currency),
  'lines_in_cart', (select count(*) from cart_line as l where l.cart_id = c.cart_id),
  'lines', document((select list(object('sku', l.sku, 'quantity', l.quantity, 'added_price_minor', l.added_price_minor,
      'active', flag(s.active = 1), 'price_minor', @price_of(l.sku, coalesce(c.currency, g.currency), :owner, l.quantity), 'available', @available_to(l.cart_id, l.sku),
      'in_cart', (select own.quantity from cart_line as own where own.cart_id = c.cart_id and own.sku = l.sku)) order by l.added_at_ms, l.sku)
    from cart_line as l
    left join sku as s on s.sku = l.sku
    where l.cart_id = g.cart_id)))
from cart as g left join cart as c on c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
where g.cart_id = coalesce(
  (select cart_id from cart where owner = :guest_owner and status in ('active', 'checkout')),
  (select cart_id from cart as left_behind where owner = :guest_owner and status = 'abandoned' and expires_at_ms > now_ms() - :recovery_ms
    and exists (select 1 from cart_line as l where l.cart_id = left_behind.cart_id) order by expires_at_ms desc limit 1))
