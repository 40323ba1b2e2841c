-- Removes every line; the cart stays.
-- in: cart_id text, owner text, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, idempotency_key_seen
@idempotent
@editable_cart
delete from cart_line where cart_id = :cart_id;
@touch_cart
@finish
returning
(select object('cart_id', cart_id, 'version', version, 'lines', 0) from cart where cart_id = :cart_id)
