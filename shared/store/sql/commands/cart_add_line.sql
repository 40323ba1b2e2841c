-- Adds to a line's quantity: a delta, so that parallel adds never conflict and never lose one another (CART-1). A sum beyond what a quantity
-- may be is for the CHECK to refuse, not for the type to fail at. The price was read of a cart in `currency`.
-- in: cart_id text, owner text, sku text, quantity bigint, currency text, price_minor bigint, line_limit bigint, quantity_limit bigint, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, cart_changed, too_many_lines, quantity_out_of_range, idempotency_key_seen
@idempotent
@editable_cart
refuse 'cart_changed' where not exists (select 1 from cart where cart_id = :cart_id and currency = :currency);
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
  values (:cart_id, :sku, smaller(:quantity, 10001), :price_minor, now_ms())
  on conflict (cart_id, sku) do update set quantity = cart_line.quantity + excluded.quantity;
refuse 'quantity_out_of_range' where (select quantity from cart_line where cart_id = :cart_id and sku = :sku) > :quantity_limit;
refuse 'too_many_lines' where (select count(*) from cart_line where cart_id = :cart_id) > :line_limit;
@touch_cart
@finish
returning
@line_receipt
