-- The provider has not deleted a customer who was erased: it is asked again after so long.
-- in: payer_id text, tried boolean, retry_in_ms bigint
update payer set attempts = attempts + number(:tried), next_attempt_at_ms = now_ms() + :retry_in_ms where payer_id = :payer_id and customer_id is null
returning object('attempts', attempts)
