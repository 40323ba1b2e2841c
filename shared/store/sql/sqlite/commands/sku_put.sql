-- Adds or replaces SKUs and their prices, all or nothing (CAT-1). A currency left out is no longer sold in.
-- Named twice in one import, a SKU is as its last mention says.
-- in: skus: [{sku, product_id, name, category, tax_class, weight_g, active, prices: {USD: 1999}}]
-- refuses: currency_unsupported, price_not_positive, weight_negative
select raise(abort, 'currency_unsupported')
  where exists (select 1 from json_each(:skus) as item, json_each(item.value, '$.prices') as amount
    where amount.key not in (select currency from currency));
insert into sku (sku, product_id, name, category, tax_class, weight_g, active)
  select value ->> 'sku', value ->> 'product_id', value ->> 'name', value ->> 'category', value ->> 'tax_class', value ->> 'weight_g', value ->> 'active'
  from json_each(:skus) where true
  on conflict (sku) do update set product_id = excluded.product_id, name = excluded.name, category = excluded.category,
    tax_class = excluded.tax_class, weight_g = excluded.weight_g, active = excluded.active;
delete from price where sku in (select value ->> 'sku' from json_each(:skus));
insert into price (sku, currency, amount_minor)
  select item.value ->> 'sku', amount.key, amount.value
  from (select value, max(key) from json_each(:skus) group by value ->> 'sku') as item, json_each(item.value, '$.prices') as amount;
returning
json_object('count', json_array_length(:skus))
