-- A live cart that is not gone by the clock (CART-10): its time has not come, or a confirm holds it.
-- function: (c cart) returns boolean language sql
(c.expires_at_ms > now_ms() or c.saga_id is not null)
