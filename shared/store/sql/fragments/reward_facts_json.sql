-- What is written down of a rule of rewards: the rule, and whether it runs.
-- function: (w reward_rule) returns jsonb language sql
object('rule', document(w.rule), 'active', flag(w.active = 1))
