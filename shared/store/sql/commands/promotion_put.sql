-- Adds or replaces a promotion (PROMO-1), with who did it (SEC-4). Another rule is another version. What was used of it stays used.
-- in: subject text, actor text, promotion_id text, rule jsonb, active boolean, by_code boolean, only_currency text, starts_at_ms bigint, ends_at_ms bigint, uses_limit bigint?, person_limit bigint?, budget_minor bigint?
-- refuses: limit_below_use, spent_in_other_currency
perform hold_subject(:subject); -- only postgres
lock promotion where promotion_id = :promotion_id;
refuse 'spent_in_other_currency' where exists (select 1 from promotion where promotion_id = :promotion_id and spent_minor > 0
    and rule ->> 'currency' is distinct from :rule ->> 'currency');
refuse 'limit_below_use' where exists (select 1 from promotion where promotion_id = :promotion_id and (uses > :uses_limit or spent_minor > :budget_minor));
@append_change(:subject, 'put', :actor, (select @rule_json(p) from promotion as p where p.promotion_id = :promotion_id),
  object('rule', document(:rule), 'active', flag(:active)))
insert into promotion (promotion_id, version, rule, active, by_code, only_currency, starts_at_ms, ends_at_ms, uses_limit, person_limit, budget_minor, uses, spent_minor)
  values (:promotion_id, 1, :rule, number(:active), number(:by_code), :only_currency, :starts_at_ms, :ends_at_ms, :uses_limit, :person_limit, :budget_minor, 0, 0)
  on conflict (promotion_id) do update set rule = excluded.rule, active = excluded.active, by_code = excluded.by_code, only_currency = excluded.only_currency,
    starts_at_ms = excluded.starts_at_ms, ends_at_ms = excluded.ends_at_ms, uses_limit = excluded.uses_limit, person_limit = excluded.person_limit,
    budget_minor = excluded.budget_minor, version = promotion.version + case when promotion.rule is distinct from excluded.rule then 1 else 0 end;
returning
(select @promotion_row_json(p) from promotion as p where p.promotion_id = :promotion_id)
