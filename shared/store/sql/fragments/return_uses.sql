-- Gives back what an attempt or its order has used: of promotions and codes, and of accounts, where what was spent becomes an entry.
-- function: (of_saga text, by_whom text) returns void language plpgsql
perform lock_uses(null, null, of_saga); -- only postgres
update promotion set uses = promotion.uses - 1, spent_minor = promotion.spent_minor - given.spent_minor
  from promotion_use as given where given.saga_id = of_saga and given.state <> 'returned' and promotion.promotion_id = given.promotion_id;
update promotion_code set uses = promotion_code.uses - 1
  from promotion_use as given where given.saga_id = of_saga and given.state <> 'returned' and promotion_code.code = given.code;
update promotion_use set state = 'returned', email_hash = '', at_ms = now_ms() where saga_id = of_saga and state <> 'returned';
insert into ledger (account_id, seq, kind, amount_minor, actor, order_id, at_ms)
  select d.account_id, (select coalesce(max(l.seq), 0) + 1 from ledger as l where l.account_id = d.account_id), 'returned', d.units - d.returned_units, by_whom, d.order_id, now_ms()
  from draw as d where d.saga_id = of_saga and d.state = 'spent' and d.returned_units < d.units;
update account set balance_minor = account.balance_minor + case when d.state = 'spent' then d.units - d.returned_units else 0 end,
    held_minor = account.held_minor - case when d.state = 'held' then d.units else 0 end
  from draw as d where d.saga_id = of_saga and d.state <> 'returned' and account.account_id = d.account_id;
update draw set state = 'returned', returned_units = units, at_ms = now_ms() where saga_id = of_saga and state <> 'returned';
