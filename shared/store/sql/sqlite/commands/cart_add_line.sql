-- Adds to a line's quantity: a delta, so that parallel adds never conflict and never lose one another (CART-1).
-- in: cart_id, owner, sku, quantity, price_minor, line_limit, quantity_limit, cart_idle_ms, if_versions?, cancel_id?, reply?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, too_many_lines, quantity_out_of_range, idempotency_key_seen
@idempotent
@editable_cart
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
  values (:cart_id, :sku, :quantity, :price_minor, now_ms())
  on conflict (cart_id, sku) do update set quantity = quantity + excluded.quantity;
select raise(abort, 'quantity_out_of_range')
  where (select quantity from cart_line where cart_id = :cart_id and sku = :sku) > :quantity_limit;
select raise(abort, 'too_many_lines') where (select count(*) from cart_line where cart_id = :cart_id) > :line_limit;
@touch_cart
@finish
returning
@line_receipt
