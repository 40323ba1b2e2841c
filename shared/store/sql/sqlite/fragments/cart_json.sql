-- A cart (alias c), whole.
json_object('now_ms', now_ms(), 'cart_id', c.cart_id, 'owner', c.owner, 'status', c.status, 'currency', c.currency, 'country', c.country,
  'version', c.version, 'locked', json(iif(c.saga_id is null, 'false', 'true')), 'updated_at_ms', c.updated_at_ms, 'expires_at_ms', c.expires_at_ms, 'lines', @lines_json)
