-- Promotions, those too that do not run, above a cursor.
-- in: cursor text, limit bigint
select @promotion_row_json(p) from promotion as p where p.promotion_id > :cursor order by p.promotion_id limit :limit
