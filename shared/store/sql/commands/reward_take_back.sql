-- Takes back what was given for an order that was cancelled after it: points as far as they are there and not held, as it was read, and a code that
-- nobody has used. Never below zero; what is missing stays with the customer.
-- in: grant_id text, taken_points bigint?, actor text, events
-- refuses: reward_moved_on
lock reward where grant_id = :grant_id;
refuse 'reward_moved_on' where not exists (select 1 from reward where grant_id = :grant_id and state = 'owed');
update promotion_code set active = 0 where uses = 0 and code = (select code from reward where grant_id = :grant_id);
lock account where account_id = (select account_id from reward where grant_id = :grant_id);
refuse 'reward_moved_on' where :taken_points is distinct from (select smaller(r.points, a.balance_minor - a.held_minor)
  from reward as r join account as a on a.account_id = r.account_id where r.grant_id = :grant_id);
update reward set state = 'taken_back', taken_at_ms = now_ms(), taken_points = :taken_points where grant_id = :grant_id;
insert into ledger (account_id, seq, kind, amount_minor, actor, reason, at_ms)
  select r.account_id, (select coalesce(max(l.seq), 0) + 1 from ledger as l where l.account_id = r.account_id), 'taken_back', -r.taken_points, :actor, r.grant_id, now_ms()
  from reward as r where r.grant_id = :grant_id and r.taken_points > 0;
update account set balance_minor = account.balance_minor - r.taken_points
  from reward as r where r.grant_id = :grant_id and r.taken_points > 0 and account.account_id = r.account_id;
@finish
returning
(select object('grant_id', r.grant_id, 'seq', (select max(l.seq) from ledger as l where l.account_id = r.account_id),
    'balance_minor', (select a.balance_minor from account as a where a.account_id = r.account_id),
    'code_ended', case when r.code is null then null else flag((select k.active from promotion_code as k where k.code = r.code) = 0) end)
  from reward as r where r.grant_id = :grant_id)
