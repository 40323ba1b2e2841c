-- Adds or replaces SKUs and their prices, all or nothing (CAT-1). A currency left out is no longer sold in.
-- Named twice in one import, a SKU is as its last mention says. Each that changes has a row of history: who, what it was, what it is (PRICE-4, SEC-4).
-- With `seen_seq` the first is as it was after that change of it.
-- in: skus: [{sku, product_id, name, category, tax_class, weight_g, active, prices: {USD: 1999}}], actor, seen_seq
-- refuses: sku_changed, currency_unsupported, price_not_positive, weight_negative
select raise(abort, 'sku_changed') where :seen_seq <> (select coalesce(max(seq), 0) from history where subject = 'sku/' || (:skus ->> '$[0].sku'));
select raise(abort, 'currency_unsupported')
  where exists (select 1 from json_each(:skus) as item, json_each(item.value, '$.prices') as amount
    where amount.key not in (select currency from currency));
insert into history (subject, seq, kind, actor, at_ms, data)
  select 'sku/' || made.sku, coalesce((select max(seq) from history where subject = 'sku/' || made.sku), 0) + 1, 'put', :actor, now_ms(),
    json_object('before', json(made.before), 'after', json(made.after))
  from (select item.value ->> 'sku' as sku, (select @sku_json(s) from sku as s where s.sku = item.value ->> 'sku') as before,
      json_object('sku', item.value ->> 'sku', 'product_id', item.value ->> 'product_id', 'name', item.value ->> 'name', 'category', item.value ->> 'category',
        'tax_class', item.value ->> 'tax_class', 'weight_g', item.value ->> 'weight_g', 'active', json(iif(item.value ->> 'active', 'true', 'false')),
        'prices', json(item.value -> 'prices')) as after, max(item.key)
    from json_each(:skus) as item group by item.value ->> 'sku') as made
  where made.before is not made.after;
insert into sku (sku, product_id, name, category, tax_class, weight_g, active)
  select value ->> 'sku', value ->> 'product_id', value ->> 'name', value ->> 'category', value ->> 'tax_class', value ->> 'weight_g', value ->> 'active'
  from json_each(:skus) where true
  on conflict (sku) do update set product_id = excluded.product_id, name = excluded.name, category = excluded.category,
    tax_class = excluded.tax_class, weight_g = excluded.weight_g, active = excluded.active;
insert into reduced_price (sku, currency, reduced_at_ms, lowest_30_days_minor)
  select new.sku, new.currency, (select max(h.at_ms) from history as h where h.subject = 'sku/' || new.sku), (select min(h.data -> 'before' -> 'prices' ->> new.currency) from history as h
      where h.subject = 'sku/' || new.sku and h.at_ms > now_ms() - 2592000000)
    from @mentioned_price as new
    join price as old on old.sku = new.sku and old.currency = new.currency where new.amount_minor < old.amount_minor
  on conflict (sku, currency) do update set reduced_at_ms = excluded.reduced_at_ms, lowest_30_days_minor = excluded.lowest_30_days_minor;
delete from reduced_price where (sku, currency) in (select new.sku, new.currency
    from @mentioned_price as new
    join price as old on old.sku = new.sku and old.currency = new.currency where new.amount_minor > old.amount_minor);
delete from price where sku in (select value ->> 'sku' from json_each(:skus));
insert into price (sku, currency, amount_minor) select sku, currency, amount_minor from @mentioned_price;
delete from reduced_price where sku in (select value ->> 'sku' from json_each(:skus))
  and not exists (select 1 from price as p where p.sku = reduced_price.sku and p.currency = reduced_price.currency);
returning
json_object('count', json_array_length(:skus))
