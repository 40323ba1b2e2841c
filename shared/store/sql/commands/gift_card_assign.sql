-- Makes a gift card the customer's who has its code (PROMO-13). One that is somebody else's, or past its time, is as if it had never been.
-- in: customer_id text, code_hash text, actor text, idempotency…?, events
-- refuses: gift_card_not_found, gift_card_assigned, idempotency_key_seen
@idempotent
lock account where code_hash = :code_hash;
refuse 'gift_card_assigned' where exists (select 1 from account where code_hash = :code_hash and customer_id = :customer_id);
refuse 'gift_card_not_found' where not exists (select 1 from account
  where code_hash = :code_hash and customer_id is null and (expires_at_ms is null or expires_at_ms > now_ms()));
update account set customer_id = :customer_id where code_hash = :code_hash;
insert into ledger (account_id, seq, kind, amount_minor, actor, at_ms)
  select a.account_id, (select coalesce(max(l.seq), 0) + 1 from ledger as l where l.account_id = a.account_id), 'assigned', 0, :actor, now_ms()
  from account as a where a.code_hash = :code_hash;
@finish
returning
(select @account_json(a) from account as a where a.code_hash = :code_hash)
