-- SKUs in order of their code, above a cursor.
-- in: cursor text, limit bigint
select @sku_json(s) from sku as s where s.sku > :cursor order by s.sku limit :limit
