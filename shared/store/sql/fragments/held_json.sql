-- What a session holds of each SKU, and until when.
-- function: (own_session text) returns jsonb language plpgsql
(select list(object('sku', own.sku, 'quantity', own.quantity, 'reserved_until_ms', own.until_ms) order by own.sku)
  from (select held.sku, sum(held.quantity) as quantity, min(held.expires_at_ms) as until_ms from reservation as held
    where held.session_id = own_session and held.status = 'active' group by held.sku) as own)
