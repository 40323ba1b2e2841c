-- A customer's share codes.
-- function: (of_sharer text) returns jsonb language sql
document((select list(object('promotion_id', k.promotion_id, 'code', k.code, 'uses', k.uses, 'active', flag(k.active = 1), 'created_at_ms', k.created_at_ms) order by k.promotion_id)
  from promotion_code as k where k.sharer = of_sharer))
