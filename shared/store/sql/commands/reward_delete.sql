-- Deletes a rule of rewards that has given nothing, with who did it (SEC-4).
-- in: subject text, actor text, reward_id text, idempotency…?
-- refuses: entry_unknown, gave_rewards, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
lock reward_rule where reward_id = :reward_id;
refuse 'entry_unknown' where not exists (select 1 from reward_rule where reward_id = :reward_id);
refuse 'gave_rewards' where exists (select 1 from reward where reward_id = :reward_id);
@append_change(:subject, 'deleted', :actor, (select @reward_facts_json(w) from reward_rule as w where w.reward_id = :reward_id), null)
delete from reward_rule where reward_id = :reward_id;
@finish
returning
(select object('subject', :subject))
