-- Gives a customer their share code of a promotion that a rule rewards friends of: theirs, if they have one (PROMO-11).
-- in: promotion_id text, customer_id text, code text
-- refuses: not_shared
lock promotion where promotion_id = :promotion_id;
refuse 'not_shared' where not exists (select 1 from promotion where promotion_id = :promotion_id and active = 1 and ends_at_ms > now_ms())
  or not exists (select 1 from reward_rule where active = 1 and rule -> 'when' -> 'friend' ->> 'promotion_id' = :promotion_id);
insert into promotion_code (code, promotion_id, sharer, uses, active, created_at_ms)
  select :code, :promotion_id, :customer_id, 0, 1, now_ms()
  where not exists (select 1 from promotion_code as k where k.sharer = :customer_id and k.promotion_id = :promotion_id);
returning
(select object('promotion_id', k.promotion_id, 'code', k.code, 'uses', k.uses, 'active', flag(k.active = 1), 'created_at_ms', k.created_at_ms)
  from promotion_code as k where k.sharer = :customer_id and k.promotion_id = :promotion_id)
