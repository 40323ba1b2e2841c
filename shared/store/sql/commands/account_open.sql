-- Opens an account of stored value with its first entry (PROMO-13): a customer's points or credit, or a gift card, of whose code the hash is kept.
-- `sealed` is handed on to the receipt, for whoever issued the card.
-- in: account_id text, kind text, customer_id text?, code_hash text?, currency text, amount_minor bigint, ttl_ms bigint?, sealed jsonb?, actor text, reason text, idempotency…?, events
-- refuses: currency_unsupported, account_exists, idempotency_key_seen
@idempotent
refuse 'currency_unsupported' where :currency <> '' and not exists (select 1 from currency where currency = :currency);
insert into account (account_id, kind, customer_id, code_hash, currency, balance_minor, created_at_ms, expires_at_ms)
  values (:account_id, :kind, :customer_id, :code_hash, :currency, :amount_minor, now_ms(), now_ms() + :ttl_ms);
insert into ledger (account_id, seq, kind, amount_minor, actor, reason, at_ms) values (:account_id, 1, 'opened', :amount_minor, :actor, :reason, now_ms());
@finish
returning
(select object('account', @account_json(a), 'sealed', document(:sealed)) from account as a where a.account_id = :account_id)
