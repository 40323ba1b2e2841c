-- A code of a promotion, with what is said of it.
-- function: (k promotion_code) returns jsonb language sql
object('code', k.code, 'customer_id', k.customer_id, 'uses_limit', k.uses_limit, 'uses', k.uses, 'active', flag(k.active = 1), 'created_at_ms', k.created_at_ms)
