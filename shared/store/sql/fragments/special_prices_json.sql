-- What a SKU costs in a currency besides its plain price; null where it has no such prices.
-- function: (of_sku text, in_currency text) returns jsonb language sql
(select object('sku', of_sku, 'currency', in_currency,
    'prices', document(list(object('customer_group', nullif(k.customer_group, ''), 'min_quantity', k.min_quantity, 'valid_from_ms', k.valid_from_ms,
      'valid_until_ms', k.valid_until_ms, 'amount_minor', k.amount_minor) order by k.customer_group, k.min_quantity, k.valid_from_ms)))
  from special_price as k where k.sku = of_sku and k.currency = in_currency having count(*) > 0)
