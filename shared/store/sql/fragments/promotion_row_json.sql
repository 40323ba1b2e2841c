-- A promotion as an operator sees it.
-- function: (p promotion) returns jsonb language sql
object('promotion_id', p.promotion_id, 'version', p.version, 'active', flag(p.active = 1), 'rule', document(p.rule), 'uses', p.uses, 'spent_minor', p.spent_minor)
