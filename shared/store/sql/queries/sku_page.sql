-- SKUs in order of their code, above a cursor, each with which of its prices are reduced, and what else it costs everyone now.
-- in: cursor text, limit bigint
select with_member(with_member(@sku_json(s), 'reduced', @reduced_json(s)), 'special_prices', @running_prices_json(s)) from sku as s where s.sku > :cursor order by s.sku limit :limit
