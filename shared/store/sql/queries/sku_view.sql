-- One SKU with its prices.
-- in: sku text
select @sku_json(s) from sku as s where s.sku = :sku
