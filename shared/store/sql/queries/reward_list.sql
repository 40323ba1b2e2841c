-- Rules of rewards, those too that do not run, above a cursor.
-- in: cursor text, limit bigint
select @reward_rule_json(w) from reward_rule as w where w.reward_id > :cursor order by w.reward_id limit :limit
