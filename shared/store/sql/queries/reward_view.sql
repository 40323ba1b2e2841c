-- A rule of rewards, with how much it gave.
-- in: reward_id text
select object('reward', @reward_rule_json(w), 'given', (select count(*) from reward as r where r.reward_id = w.reward_id and r.state = 'given'),
  'taken_back', (select count(*) from reward as r where r.reward_id = w.reward_id and r.state <> 'given'))
from reward_rule as w where w.reward_id = :reward_id
