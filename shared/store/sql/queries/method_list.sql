-- Shipping methods, those too that are not offered, above a cursor.
-- in: cursor text, limit bigint
select @method_json(m) from shipping_method as m where m.method_id > :cursor order by m.method_id limit :limit
