-- Of each SKU of an import its last mention.
create or replace function last_mention(skus jsonb) returns setof jsonb language sql immutable as $$
  select distinct on (item ->> 'sku') item from each_item(skus) with ordinality as each (item, place) order by item ->> 'sku', place desc
$$;
