-- Puts a cart into a currency: each line is at what it costs there now, all of them or none (CART-21). The one that it is in already is no
-- change. It was decided of a cart in `from_currency`.
-- in: cart_id text, owner text, currency text, from_currency text, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, currency_unsupported, cart_changed, sku_not_sold, idempotency_key_seen
@idempotent
@editable_cart
refuse 'currency_unsupported' where not exists (select 1 from currency where currency = :currency);
refuse 'cart_changed' where not exists (select 1 from cart where cart_id = :cart_id and currency = :from_currency);
refuse 'sku_not_sold' where :currency <> :from_currency and exists (select 1 from cart_line as l where l.cart_id = :cart_id
  and not exists (select 1 from price as p where p.sku = l.sku and p.currency = :currency));
update cart_line set added_price_minor = @price_of(cart_line.sku, :currency, :owner, cart_line.quantity)
  where cart_id = :cart_id and :currency <> :from_currency;
update cart set currency = :currency, version = version + 1, updated_at_ms = now_ms(), expires_at_ms = greater(expires_at_ms, now_ms() + :cart_idle_ms)
  where cart_id = :cart_id and :currency <> :from_currency;
@finish
returning
(select object('cart_id', cart_id, 'version', version, 'currency', currency) from cart where cart_id = :cart_id)
