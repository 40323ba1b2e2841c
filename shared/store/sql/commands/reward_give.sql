-- Gives a customer what a rule gives for an order, and says that the rule has looked at the orders up to it, in one: so each order gives once by a rule,
-- whoever looks, and however often (PROMO-10, PROMO-11). Nothing is given for an order that was cancelled meanwhile.
-- in: grant_id text, reward_id text, version bigint, walked_from text, order_id text, customer_id text, points bigint?, account_id text?, opens boolean?, code text?, promotion_id text?, badge text?, limit_minor bigint, actor text, events
-- refuses: reward_moved_on, promotion_ended, account_exists, account_not_found, balance_too_high
lock reward_rule where reward_id = :reward_id;
refuse 'reward_moved_on' where not exists (select 1 from reward_rule where reward_id = :reward_id and version = :version and active = 1 and walked_to = :walked_from);
lock orders where order_id = :order_id;
refuse 'reward_moved_on' where not exists (select 1 from orders where order_id = :order_id and status not in ('cancelled', 'refunded'));
refuse 'promotion_ended' where :promotion_id is not null and not exists (select 1 from promotion where promotion_id = :promotion_id and active = 1 and ends_at_ms > now_ms());
-- only with opens
insert into account (account_id, kind, customer_id, currency, balance_minor, created_at_ms) values (:account_id, 'points', :customer_id, '', 0, now_ms());
-- only with opens
insert into ledger (account_id, seq, kind, amount_minor, actor, reason, at_ms) values (:account_id, 1, 'opened', 0, :actor, :grant_id, now_ms());
-- only with account_id
lock account where account_id = :account_id;
-- only with account_id
refuse 'account_not_found' where not exists (select 1 from account where account_id = :account_id and customer_id = :customer_id and kind = 'points');
-- only with account_id
refuse 'balance_too_high' where (select balance_minor from account where account_id = :account_id) + :points > :limit_minor;
-- only with account_id
insert into ledger (account_id, seq, kind, amount_minor, actor, reason, at_ms)
  values (:account_id, (select coalesce(max(seq), 0) + 1 from ledger where account_id = :account_id), 'earned', :points, :actor, :grant_id, now_ms());
-- only with account_id
update account set balance_minor = balance_minor + :points where account_id = :account_id;
-- only with code
insert into promotion_code (code, promotion_id, customer_id, uses_limit, uses, active, created_at_ms)
  values (:code, :promotion_id, :customer_id, 1, 0, 1, now_ms());
insert into reward (grant_id, reward_id, version, order_id, customer_id, state, points, account_id, code, badge, given_at_ms)
  values (:grant_id, :reward_id, :version, :order_id, :customer_id, 'given', :points, :account_id, :code, :badge, now_ms());
update reward_rule set walked_to = :order_id where reward_id = :reward_id;
@finish
returning
(select object('walked_to', w.walked_to, 'seq', (select max(l.seq) from ledger as l where l.account_id = :account_id),
    'balance_minor', (select a.balance_minor from account as a where a.account_id = :account_id)) from reward_rule as w where w.reward_id = :reward_id)
