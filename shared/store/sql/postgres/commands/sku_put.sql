-- Adds or replaces SKUs and their prices, all or nothing (CAT-1). A currency left out is no longer sold in.
-- Named twice in one import, a SKU is as its last mention says. Each that changes has a row of history: who, what it was, what it is (PRICE-4, SEC-4).
-- With `seen_seq` the first is as it was after that change of it.
-- in: skus: [{sku, product_id, name, category, tax_class, weight_g, active, prices: {USD: 1999}}], actor, seen_seq
-- refuses: sku_changed, currency_unsupported, price_not_positive, weight_negative
create or replace function sku_put(doc jsonb) returns jsonb language plpgsql as $$
declare
  skus constant jsonb := doc -> 'skus';
  made text[];
begin
  if exists (select from each_item(skus) as item, jsonb_object_keys(item -> 'prices') as of_price where of_price not in (select currency from currency))
  then raise exception 'currency_unsupported'; end if;
  -- In one order, so that two imports of the same SKUs never wait for each other; and each row is locked before it is looked at.
  with new as (insert into sku (sku, product_id, name, category, tax_class, weight_g, active)
    select item ->> 'sku', item ->> 'product_id', item ->> 'name', item ->> 'category', item ->> 'tax_class',
      (item ->> 'weight_g')::bigint, (item ->> 'active')::boolean::integer
    from last_mention(skus) as item order by item ->> 'sku'
    on conflict (sku) do nothing returning sku)
  select array(select sku from new) into made;
  perform 1 from sku where sku in (select item ->> 'sku' from each_item(skus) as item) order by sku for update;
  if (doc ->> 'seen_seq')::bigint <> (select coalesce(max(seq), 0) from history where subject = 'sku/' || (skus -> 0 ->> 'sku'))
  then raise exception 'sku_changed'; end if;
  insert into history (subject, seq, kind, actor, at_ms, data)
    select 'sku/' || found.sku, coalesce((select max(seq) from history as h where h.subject = 'sku/' || found.sku), 0) + 1, 'put', doc ->> 'actor', now_ms(),
      jsonb_build_object('before', found.before, 'after', found.after)
    from (select item ->> 'sku' as sku, item as after,
        (select sku_json(s) from sku as s where s.sku = item ->> 'sku' and s.sku <> all (made)) as before
      from last_mention(skus) as item order by item ->> 'sku') as found
    where found.before is distinct from found.after;
  update sku set product_id = item ->> 'product_id', name = item ->> 'name', category = item ->> 'category', tax_class = item ->> 'tax_class',
      weight_g = (item ->> 'weight_g')::bigint, active = (item ->> 'active')::boolean::integer
    from last_mention(skus) as item
    where sku.sku = item ->> 'sku';
  with moved as (
      select new.sku, new.currency, new.amount_minor < old.amount_minor as down from mentioned_price(skus) as new join price as old using (sku, currency)
      where new.amount_minor <> old.amount_minor),
    risen as (delete from reduced_price where (sku, currency) in (select sku, currency from moved where not down))
  insert into reduced_price (sku, currency, reduced_at_ms, lowest_30_days_minor)
    select sku, currency, (select max(h.at_ms) from history as h where h.subject = 'sku/' || moved.sku), (select min((h.data -> 'before' -> 'prices' ->> moved.currency)::bigint) from history as h
      where h.subject = 'sku/' || moved.sku and h.at_ms > now_ms() - 2592000000) from moved where down
  on conflict (sku, currency) do update set reduced_at_ms = excluded.reduced_at_ms, lowest_30_days_minor = excluded.lowest_30_days_minor;
  delete from price where sku in (select item ->> 'sku' from each_item(skus) as item);
  insert into price (sku, currency, amount_minor) select sku, currency, amount_minor from mentioned_price(skus);
  delete from reduced_price as r where r.sku in (select item ->> 'sku' from each_item(skus) as item)
    and not exists (select 1 from price as p where p.sku = r.sku and p.currency = r.currency);
  return jsonb_build_object('count', jsonb_array_length(skus));
end
$$;
