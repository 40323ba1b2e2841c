-- Puts a promotion's code on a cart (PROMO-7). One that is there already stays as it is.
-- in: cart_id text, owner text, code text, codes_limit bigint, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, too_many_codes, idempotency_key_seen
@idempotent
@editable_cart
refuse 'too_many_codes' where (select count(*) from cart_code where cart_id = :cart_id and code <> :code) >= :codes_limit;
insert into cart_code (cart_id, code, added_at_ms) values (:cart_id, :code, now_ms()) on conflict do nothing;
@touch_cart
@finish
returning
@codes_receipt
