-- SKUs in order of their code, above a cursor.
-- in: cursor, limit
select json_object('sku', sku, 'product_id', product_id, 'name', name, 'category', category, 'tax_class', tax_class, 'weight_g', weight_g,
  'active', json(iif(active, 'true', 'false')), 'prices', json((select json_group_object(currency, amount_minor) from price where price.sku = sku.sku)))
from sku where sku > :cursor order by sku limit :limit
