-- The rules of rewards that run, first those that have looked at least.
-- in: limit bigint
select object('reward_id', reward_id, 'version', version, 'rule', document(rule), 'walked_to', walked_to)
from reward_rule where active = 1 order by walked_to, reward_id limit :limit
