-- The prices of an import: of each SKU those of its last mention.
(select item.value ->> 'sku' as sku, amount.key as currency, amount.value as amount_minor
  from (select value, max(key) from json_each(:skus) group by value ->> 'sku') as item, json_each(item.value, '$.prices') as amount)
