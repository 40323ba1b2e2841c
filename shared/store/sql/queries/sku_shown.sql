-- One SKU with its prices, and which of them are reduced.
-- in: sku text
select with_member(@sku_json(s), 'reduced', @reduced_json(s)) from sku as s where s.sku = :sku
