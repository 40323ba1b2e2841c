-- Adds or replaces a rule of rewards (PROMO-11), with who did it (SEC-4). Another rule is another version. It looks at orders whose confirm begins from
-- now on, and so does one that is made to run again.
-- in: subject text, actor text, reward_id text, rule jsonb, active boolean, wait_ms bigint, walked_to text, promotions jsonb: [promotion_id], currency text?
-- refuses: promotion_unknown, currency_unsupported
perform hold_subject(:subject); -- only postgres
lock promotion where promotion_id in (select scalar(named.value) from each(:promotions, named)) order by promotion_id;
refuse 'promotion_unknown' where exists (select 1 from each(:promotions, named) left join promotion as p on p.promotion_id = scalar(named.value) where p.promotion_id is null);
refuse 'currency_unsupported' where :currency is not null and not exists (select 1 from currency where currency = :currency);
lock reward_rule where reward_id = :reward_id;
@append_change(:subject, 'put', :actor, (select @reward_facts_json(w) from reward_rule as w where w.reward_id = :reward_id),
  object('rule', document(:rule), 'active', flag(:active)))
insert into reward_rule (reward_id, version, active, rule, wait_ms, walked_to)
  values (:reward_id, 1, number(:active), :rule, :wait_ms, :walked_to)
  on conflict (reward_id) do update set rule = excluded.rule, active = excluded.active, wait_ms = excluded.wait_ms,
    walked_to = case when reward_rule.active = 0 and excluded.active = 1 then excluded.walked_to else reward_rule.walked_to end,
    version = reward_rule.version + case when reward_rule.rule is distinct from excluded.rule then 1 else 0 end;
returning
(select @reward_rule_json(w) from reward_rule as w where w.reward_id = :reward_id)
