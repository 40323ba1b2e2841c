-- Adds or replaces SKUs and their prices, all or nothing (CAT-1). A currency left out is no longer sold in.
-- Named twice in one import, a SKU is as its last mention says.
-- in: skus: [{sku, product_id, name, category, tax_class, weight_g, active, prices: {USD: 1999}}]
-- refuses: currency_unsupported, price_not_positive, weight_negative
create or replace function sku_put(doc jsonb) returns jsonb language plpgsql as $$
declare
  skus constant jsonb := doc -> 'skus';
begin
  if exists (select from each_item(skus) as item, jsonb_object_keys(item -> 'prices') as of_price where of_price not in (select currency from currency))
  then raise exception 'currency_unsupported'; end if;
  -- In one order, so that two imports of the same SKUs never wait for each other.
  insert into sku (sku, product_id, name, category, tax_class, weight_g, active)
    select distinct on (item ->> 'sku') item ->> 'sku', item ->> 'product_id', item ->> 'name', item ->> 'category', item ->> 'tax_class',
      (item ->> 'weight_g')::bigint, (item ->> 'active')::boolean::integer
    from each_item(skus) with ordinality as each (item, place) order by item ->> 'sku', place desc
    on conflict (sku) do update set product_id = excluded.product_id, name = excluded.name, category = excluded.category,
      tax_class = excluded.tax_class, weight_g = excluded.weight_g, active = excluded.active;
  delete from price where sku in (select item ->> 'sku' from each_item(skus) as item);
  insert into price (sku, currency, amount_minor)
    select last_mention.sku, amount.key, amount.value::bigint
    from (select distinct on (item ->> 'sku') item ->> 'sku' as sku, item -> 'prices' as prices
      from each_item(skus) with ordinality as each (item, place) order by item ->> 'sku', place desc) as last_mention,
      jsonb_each_text(last_mention.prices) as amount;
  return jsonb_build_object('count', jsonb_array_length(skus));
end
$$;
