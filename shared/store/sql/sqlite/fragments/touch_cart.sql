-- One change, one version.
update cart set version = version + 1, updated_at_ms = now_ms() where cart_id = :cart_id;
