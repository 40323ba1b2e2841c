-- Takes the customer of the provider's that waits longest to be deleted there, since the person was erased. If whoever took it dies, it is due again.
-- in: lease_ms bigint
update payer set next_attempt_at_ms = now_ms() + :lease_ms
  where payer_id = (select payer_id from payer
      indexed by payer_erased -- only sqlite
      where customer_id is null and next_attempt_at_ms <= now_ms() order by next_attempt_at_ms limit 1)
    and customer_id is null and next_attempt_at_ms <= now_ms()
returning object('payer_id', payer_id, 'reference', reference, 'attempts', attempts)
