-- The currencies in which a SKU's price was last changed downwards, each with when, and with the lowest price of the 30 days before that
-- (PRICE-11). What a row of history has as `before` was the price until that row's time.
-- function: (s sku) returns jsonb language plpgsql
document((select map(cut.currency, object('reduced_at_ms', cut.at_ms, 'lowest_30_days_minor',
    (select min(integer(part(part(o.data, 'before'), 'prices') ->> cut.currency)) from history as o
      where o.subject = 'sku/' || s.sku and o.seq <= cut.seq and o.at_ms > cut.at_ms - 2592000000)))
  from (select p.currency, p.amount_minor, h.seq, h.at_ms, integer(part(part(h.data, 'before'), 'prices') ->> p.currency) as was
    from price as p join history as h on h.subject = 'sku/' || s.sku and h.seq = (select c.seq from history as c
      where c.subject = 'sku/' || s.sku
        and part(part(c.data, 'before'), 'prices') ->> p.currency is distinct from part(part(c.data, 'after'), 'prices') ->> p.currency
      order by c.seq desc limit 1)
    where p.sku = s.sku) as cut
  where cut.was > cut.amount_minor))
