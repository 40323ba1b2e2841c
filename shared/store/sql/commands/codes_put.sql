-- Gives out codes of a promotion, or replaces what is said of them, with who did it (SEC-4). What was used of one stays used.
-- in: subject text, actor text, promotion_id text, codes jsonb, customer_id text?, uses_limit bigint?, active boolean
-- refuses: entry_unknown, code_of_another, limit_below_use
perform hold_subject(:subject); -- only postgres
lock promotion where promotion_id = :promotion_id;
refuse 'entry_unknown' where not exists (select 1 from promotion where promotion_id = :promotion_id);
perform 1 from promotion_code where code in (select scalar(c.value) from each(:codes, c)) order by code for update; -- only postgres
refuse 'code_of_another' where exists (select 1 from promotion_code where code in (select scalar(c.value) from each(:codes, c)) and promotion_id <> :promotion_id);
refuse 'limit_below_use' where exists (select 1 from promotion_code where code in (select scalar(c.value) from each(:codes, c)) and uses > :uses_limit);
@append_change(:subject, 'codes_put', :actor, null, object('codes', document(:codes), 'customer_id', :customer_id, 'uses_limit', :uses_limit, 'active', flag(:active)))
insert into promotion_code (code, promotion_id, customer_id, uses_limit, uses, active, created_at_ms)
  select scalar(c.value), :promotion_id, :customer_id, :uses_limit, 0, number(:active), now_ms() from each(:codes, c) where true
  on conflict (code) do update set customer_id = excluded.customer_id, uses_limit = excluded.uses_limit, active = excluded.active
    where promotion_code.promotion_id = excluded.promotion_id;
returning
(select object('promotion_id', :promotion_id, 'codes', document((select list(@given_code_json(k) order by k.code)
  from promotion_code as k where k.code in (select scalar(c.value) from each(:codes, c))))))
