-- What a SKU costs everyone now from a quantity on, besides its plain price, by currency.
-- function: (s sku) returns jsonb language plpgsql
document((select map(running.currency, document(running.prices))
  from (select k.currency, list(object('min_quantity', k.min_quantity, 'amount_minor', k.amount_minor, 'valid_until_ms', k.valid_until_ms)
      order by k.min_quantity, k.valid_from_ms) as prices
    from special_price as k where k.sku = s.sku and k.customer_group = '' and k.valid_from_ms <= now_ms()
      and (k.valid_until_ms is null or k.valid_until_ms > now_ms()) group by k.currency) as running))
