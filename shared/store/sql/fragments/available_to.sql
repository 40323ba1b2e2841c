-- What there is of a SKU for a cart: what is free, and what the cart's own session holds.
-- function: (of_cart text, of_sku text) returns bigint language plpgsql
(select sum(on_hand - reserved) + coalesce((select sum(quantity) from reservation as own
    where own.session_id = (select session_id from checkout_session as open where open.cart_id = of_cart and open.status = 'open')
      and own.status = 'active' and own.sku = of_sku), 0)
  from stock where stock.sku = of_sku)
