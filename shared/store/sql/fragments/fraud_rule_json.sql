-- A rule of fraud as an operator sees it.
-- function: (f fraud_rule) returns jsonb language sql
object('rule_id', f.rule_id, 'name', f.name, 'signal', f.signal, 'at_least', nullif(f.at_least, 0), 'within_seconds', nullif(f.within_ms / 1000, 0),
  'currency', nullif(f.currency, ''), 'above_minor', case when f.currency > '' then f.above_minor end, 'score', f.score, 'active', flag(f.active = 1))
