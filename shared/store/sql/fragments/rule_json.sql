-- What is written down of a promotion: its rule, and whether it runs.
-- function: (p promotion) returns jsonb language sql
object('rule', document(p.rule), 'active', flag(p.active = 1))
