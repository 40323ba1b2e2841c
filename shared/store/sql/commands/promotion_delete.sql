-- Deletes a promotion that nobody has used and that has no codes, with who did it (SEC-4).
-- in: subject text, actor text, promotion_id text, idempotency…?
-- refuses: entry_unknown, used_by_orders, used_by_codes, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
lock promotion where promotion_id = :promotion_id;
refuse 'entry_unknown' where not exists (select 1 from promotion where promotion_id = :promotion_id);
refuse 'used_by_orders' where exists (select 1 from promotion_use where promotion_id = :promotion_id and state <> 'returned');
refuse 'used_by_codes' where exists (select 1 from promotion_code where promotion_id = :promotion_id);
@append_change(:subject, 'deleted', :actor, (select @rule_json(p) from promotion as p where p.promotion_id = :promotion_id), null)
delete from promotion where promotion_id = :promotion_id;
@finish
returning
(select object('subject', :subject))
