-- What is owed to a provider for an order from now on. Money that was taken and is to go back is counted with its payment.
-- function: (owed jsonb) returns void language plpgsql
insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select owed ->> 'compensation_id', owed ->> 'kind', owed ->> 'payment_id', owed ->> 'saga_id', integer(owed ->> 'amount_minor'), 'pending', owed ->> 'reason', 0, now_ms(), 0, now_ms()
  where owed is not null;
update payment set refunding_minor = refunding_minor + integer(owed ->> 'amount_minor'), updated_at_ms = now_ms()
  where payment_id = owed ->> 'payment_id' and owed ->> 'kind' = 'refund_payment';
