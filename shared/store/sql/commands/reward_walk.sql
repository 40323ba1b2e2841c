-- Says that a rule has looked at the orders up to one; they gave nothing.
-- in: reward_id text, version bigint, walked_from text, walked_to text
-- refuses: reward_moved_on
lock reward_rule where reward_id = :reward_id;
refuse 'reward_moved_on' where not exists (select 1 from reward_rule where reward_id = :reward_id and version = :version and active = 1 and walked_to = :walked_from);
update reward_rule set walked_to = :walked_to where reward_id = :reward_id;
returning
(select object('walked_to', w.walked_to) from reward_rule as w where w.reward_id = :reward_id)
