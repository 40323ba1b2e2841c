-- A rule of fraud looks at no confirm any more (CHK-16). Orders keep what it found.
-- in: subject text, actor text, rule_id text, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'entry_unknown' where not exists (select 1 from fraud_rule where rule_id = :rule_id);
@append_change(:subject, 'deleted', :actor, (select @fraud_rule_json(rule) from fraud_rule as rule where rule.rule_id = :rule_id), null)
delete from fraud_rule where rule_id = :rule_id;
@finish
returning
object('subject', :subject)
