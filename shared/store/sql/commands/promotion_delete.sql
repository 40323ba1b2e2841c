-- Deletes a promotion that nobody has used that has no codes, and that no rule of rewards names, with who did it (SEC-4).
-- in: subject text, actor text, promotion_id text, idempotency…?
-- refuses: entry_unknown, used_by_orders, used_by_codes, named_by_rewards, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
lock promotion where promotion_id = :promotion_id;
refuse 'entry_unknown' where not exists (select 1 from promotion where promotion_id = :promotion_id);
refuse 'used_by_orders' where exists (select 1 from promotion_use where promotion_id = :promotion_id and state <> 'returned');
refuse 'used_by_codes' where exists (select 1 from promotion_code where promotion_id = :promotion_id);
refuse 'named_by_rewards' where exists (select 1 from reward_rule where rule -> 'when' -> 'friend' ->> 'promotion_id' = :promotion_id
    or rule -> 'gives' -> 'code' ->> 'promotion_id' = :promotion_id);
@append_change(:subject, 'deleted', :actor, (select @rule_json(p) from promotion as p where p.promotion_id = :promotion_id), null)
delete from promotion where promotion_id = :promotion_id;
@finish
returning
(select object('subject', :subject))
