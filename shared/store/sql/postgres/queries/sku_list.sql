-- SKUs in order of their code, above a cursor.
-- in: cursor, limit
select sku_json(s)::text from sku as s where sku > :cursor order by sku limit :limit::bigint
