-- A SKU with its prices.
-- function: (s sku) returns jsonb language plpgsql
object('sku', s.sku, 'product_id', s.product_id, 'name', s.name, 'category', s.category, 'tax_class', s.tax_class, 'weight_g', s.weight_g,
  'active', flag(s.active = 1), 'prices', document((select map(p.currency, p.amount_minor) from price as p where p.sku = s.sku)))
