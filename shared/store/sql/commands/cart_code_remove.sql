-- Takes a promotion's code off a cart.
-- in: cart_id text, owner text, code text, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, code_not_on_cart, idempotency_key_seen
@idempotent
@editable_cart
refuse 'code_not_on_cart' where not exists (select 1 from cart_code where cart_id = :cart_id and code = :code);
delete from cart_code where cart_id = :cart_id and code = :code;
@touch_cart
@finish
returning
@codes_receipt
