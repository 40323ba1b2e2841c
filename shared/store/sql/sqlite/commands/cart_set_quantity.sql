-- Replaces a line's quantity.
-- in: cart_id, owner, sku, quantity, quantity_limit, cart_idle_ms, if_versions?, cancel_id?, reply?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, quantity_out_of_range, idempotency_key_seen
@idempotent
@editable_cart
select raise(abort, 'line_not_found') where not exists (select 1 from cart_line where cart_id = :cart_id and sku = :sku);
select raise(abort, 'quantity_out_of_range') where :quantity > :quantity_limit;
update cart_line set quantity = :quantity where cart_id = :cart_id and sku = :sku;
@touch_cart
@finish
returning
@line_receipt
