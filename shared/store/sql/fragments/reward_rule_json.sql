-- A rule of rewards as an operator sees it.
-- function: (w reward_rule) returns jsonb language sql
object('reward_id', w.reward_id, 'version', w.version, 'active', flag(w.active = 1), 'rule', document(w.rule))
