-- SKUs in order of their code, above a cursor, each with which of its prices are reduced.
-- in: cursor text, limit bigint
select with_member(@sku_json(s), 'reduced', @reduced_json(s)) from sku as s where s.sku > :cursor order by s.sku limit :limit
