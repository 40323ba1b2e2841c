-- The currencies in which a SKU's price was last changed downwards, each with when, and with the lowest price of the 30 days before that (PRICE-11).
-- function: (s sku) returns jsonb language sql
document((select map(cut.currency, object('reduced_at_ms', cut.reduced_at_ms, 'lowest_30_days_minor', cut.lowest_30_days_minor))
  from reduced_price as cut where cut.sku = s.sku))
