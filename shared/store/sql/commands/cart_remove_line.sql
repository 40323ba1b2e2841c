-- Removes a line.
-- in: cart_id text, owner text, sku text, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, idempotency_key_seen
@idempotent
@editable_cart
refuse 'line_not_found' where not exists (select 1 from cart_line where cart_id = :cart_id and sku = :sku);
delete from cart_line where cart_id = :cart_id and sku = :sku;
@touch_cart
@finish
returning
@line_receipt
