-- What there is of a line's SKU for its cart (alias l: cart_id, sku): what is free, and what the cart's own session holds.
(select sum(on_hand - reserved) + coalesce((select sum(quantity) from reservation as own
    where own.session_id = (select session_id from checkout_session as open where open.cart_id = l.cart_id and open.status = 'open')
      and own.status = 'active' and own.sku = l.sku), 0)
  from stock where stock.sku = l.sku)
