-- A customer's name at the payment provider: theirs, or this new one, which is there before the provider is asked. Of two at once both get the same.
-- in: payer_id text, customer_id text
insert into payer (payer_id, customer_id, next_attempt_at_ms) select :payer_id, :customer_id, now_ms() where true
  on conflict (customer_id) do update set customer_id = excluded.customer_id
returning object('payer_id', payer_id, 'reference', reference)
