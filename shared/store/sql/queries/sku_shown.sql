-- One SKU with its prices, which of them are reduced, and what else it costs everyone now.
-- in: sku text
select with_member(with_member(@sku_json(s), 'reduced', @reduced_json(s)), 'special_prices', @running_prices_json(s)) from sku as s where s.sku = :sku
