-- Rules of fraud, those too that do not run, above a cursor.
-- in: cursor text, limit bigint
select @fraud_rule_json(rule) from fraud_rule as rule where rule.rule_id > :cursor order by rule.rule_id limit :limit
