-- The sessions that a run of the clean-up ends: past their time, of a cart that no confirm holds. The oldest first, and of equals by their ids:
-- the same ones wherever a command says it.
checkout_session as s join cart as c on c.cart_id = s.cart_id and c.status in ('active', 'checkout') and c.saga_id is null
    where s.status = 'open' and s.expires_at_ms <= now_ms() order by s.expires_at_ms, s.session_id limit :limit
