-- The codes of a promotion, above a cursor.
-- in: promotion_id text, cursor text, limit bigint
select object('code', k.code, 'customer_id', k.customer_id, 'uses_limit', k.uses_limit, 'uses', k.uses, 'active', flag(k.active = 1), 'created_at_ms', k.created_at_ms)
from promotion_code as k where k.promotion_id = :promotion_id and k.code > :cursor order by k.code limit :limit
