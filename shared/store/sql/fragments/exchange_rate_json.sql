-- What one currency was worth in another at a time.
-- function: (r exchange_rate) returns jsonb language sql
object('from', r.from_currency, 'to', r.to_currency, 'quoted_at_ms', r.quoted_at_ms, 'factor', r.factor)
