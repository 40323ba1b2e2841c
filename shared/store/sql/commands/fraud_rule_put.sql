-- Adds or replaces a rule of fraud (CHK-16), with who did it (SEC-4).
-- in: subject text, actor text, rule_id text, name text, signal text, at_least bigint, within_ms bigint, currency text, above_minor bigint, score bigint, active boolean
-- refuses: currency_unsupported
perform hold_subject(:subject); -- only postgres
-- What is named stays until this has committed.
perform 1 from currency where currency = :currency for key share; -- only postgres
refuse 'currency_unsupported' where :currency > '' and not exists (select 1 from currency where currency = :currency);
@append_change(:subject, 'put', :actor, (select @fraud_rule_json(rule) from fraud_rule as rule where rule.rule_id = :rule_id),
  object('rule_id', :rule_id, 'name', :name, 'signal', :signal, 'at_least', nullif(:at_least, 0), 'within_seconds', nullif(:within_ms / 1000, 0),
    'currency', nullif(:currency, ''), 'above_minor', case when :currency > '' then :above_minor end, 'score', :score, 'active', flag(:active)))
insert into fraud_rule (rule_id, name, signal, at_least, within_ms, currency, above_minor, score, active)
  values (:rule_id, :name, :signal, :at_least, :within_ms, :currency, :above_minor, :score, number(:active))
  on conflict (rule_id) do update set name = excluded.name, signal = excluded.signal, at_least = excluded.at_least, within_ms = excluded.within_ms,
    currency = excluded.currency, above_minor = excluded.above_minor, score = excluded.score, active = excluded.active;
returning
(select @fraud_rule_json(rule) from fraud_rule as rule where rule.rule_id = :rule_id)
