-- One change, one version; and the cart's time begins anew.
-- postgres: touch_cart(doc)
update cart set version = version + 1, updated_at_ms = now_ms(), expires_at_ms = max(expires_at_ms, now_ms() + :cart_idle_ms) where cart_id = :cart_id;
