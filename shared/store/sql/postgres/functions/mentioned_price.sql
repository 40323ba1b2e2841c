-- The prices of an import: of each SKU those of its last mention.
create or replace function mentioned_price(skus jsonb) returns table (sku text, currency text, amount_minor bigint) language sql immutable as $$
  select item ->> 'sku', amount.key, amount.value::bigint from last_mention(skus) as item, jsonb_each_text(item -> 'prices') as amount
$$;
