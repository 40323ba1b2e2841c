-- Special prices, by SKU and currency, above a cursor (`MUG-1/USD`), which is taken apart: as one text another order would come of it, and no index.
-- in: sku text?, currency text?, cursor text, limit bigint
select @special_prices_json(p.sku, p.currency)
from (select distinct k.sku, k.currency from special_price as k
  where (k.sku, k.currency) > (substr(:cursor, 1, greater(length(:cursor) - 4, 0)), substr(:cursor, length(:cursor) - 2))
    and (:sku is null or k.sku = :sku) and (:currency is null or k.currency = :currency)
  order by k.sku, k.currency limit :limit) as p
order by p.sku, p.currency
