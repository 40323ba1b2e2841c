-- How a class is taxed in a zone.
-- function: (t tax) returns jsonb language sql
object('zone', t.zone, 'tax_class', t.tax_class, 'rate', t.rate, 'inclusive', flag(t.inclusive = 1), 'rounding', t.rounding)
