-- Puts more into an account, or corrects it by a difference of either sign (PROMO-13): a delta, so that of many at once those win that fit. What is
-- held stays covered.
-- in: account_id text, kind text, amount_minor bigint, limit_minor bigint, actor text, reason text, idempotency…?, events
-- refuses: account_not_found, account_expired, balance_too_low, balance_too_high, idempotency_key_seen
@idempotent
lock account where account_id = :account_id;
refuse 'account_not_found' where not exists (select 1 from account where account_id = :account_id);
refuse 'account_expired' where :kind = 'topped_up' and exists (select 1 from account where account_id = :account_id and expires_at_ms <= now_ms());
refuse 'balance_too_low' where (select balance_minor - held_minor from account where account_id = :account_id) + :amount_minor < 0;
refuse 'balance_too_high' where (select balance_minor from account where account_id = :account_id) + :amount_minor > :limit_minor;
update account set balance_minor = balance_minor + :amount_minor where account_id = :account_id;
insert into ledger (account_id, seq, kind, amount_minor, actor, reason, at_ms)
  values (:account_id, (select coalesce(max(seq), 0) + 1 from ledger where account_id = :account_id), :kind, :amount_minor, :actor, :reason, now_ms());
@finish
returning
(select with_member(@account_json(a), 'seq', (select max(seq) from ledger where account_id = :account_id)) from account as a where a.account_id = :account_id)
