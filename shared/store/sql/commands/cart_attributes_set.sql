-- Replaces what a client keeps with a cart, and with those of its lines that it names (CART-22): [{sku, attributes}]. Of all lines together no
-- more than `chars_limit` is kept.
-- in: cart_id text, owner text, attributes jsonb, client_reference text?, lines jsonb, chars_limit bigint, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, too_many_attributes, idempotency_key_seen
@idempotent
@editable_cart
refuse 'line_not_found' where exists (select 1 from each(:lines, line)
  where not exists (select 1 from cart_line where cart_id = :cart_id and sku = line.value ->> 'sku'));
update cart_line set attributes = part(line.value, 'attributes') from each(:lines, line)
  where cart_line.cart_id = :cart_id and cart_line.sku = line.value ->> 'sku';
refuse 'too_many_attributes' where :chars_limit < (select sum(length(attributes)) from cart_line where cart_id = :cart_id); -- only sqlite
refuse 'too_many_attributes' where :chars_limit < (select sum(length(attributes::text)) from cart_line where cart_id = :cart_id); -- only postgres
update cart set attributes = :attributes, client_reference = :client_reference where cart_id = :cart_id;
@touch_cart
@finish
returning
(select object('cart_id', cart_id, 'version', version) from cart where cart_id = :cart_id)
