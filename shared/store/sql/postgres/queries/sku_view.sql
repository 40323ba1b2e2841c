-- One SKU with its prices.
-- in: sku
select sku_json(s)::text from sku as s where sku = :sku
