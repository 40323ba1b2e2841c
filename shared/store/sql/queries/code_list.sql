-- The codes of a promotion, above a cursor.
-- in: promotion_id text, cursor text, limit bigint
select @given_code_json(k)
from promotion_code as k where k.promotion_id = :promotion_id and k.code > :cursor order by k.code limit :limit
