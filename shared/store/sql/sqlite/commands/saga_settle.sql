-- Moves a saga that has no order (yet): declined, awaiting the buyer, failed, or to be asked again. Fenced by the lease.
-- in: saga_id, lease_token, from_states, to_state, reason?, retry_in_ms, payment_state?, reference?, free_cart, release_stock, compensation?, events
-- refuses: saga_moved_on, payment_reference_taken
select raise(abort, 'saga_moved_on')
  where not exists (select 1 from saga, json_each(:from_states) as legal
    where saga_id = :saga_id and lease_token = :lease_token and state = legal.value);
update saga set state = :to_state, reason = :reason, lease_until_ms = 0, next_attempt_at_ms = now_ms() + :retry_in_ms, updated_at_ms = now_ms()
  where saga_id = :saga_id;
update payment set state = coalesce(:payment_state, state), reference = coalesce(:reference, reference), updated_at_ms = now_ms()
  where saga_id = :saga_id;
update cart set saga_id = null where :free_cart and saga_id = :saga_id and cart_id = (select cart_id from saga where saga_id = :saga_id);
update reservation set status = 'releasing'
  where :release_stock and status = 'active' and session_id = (select session_id from saga where saga_id = :saga_id);
@release
insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select :compensation ->> 'compensation_id', :compensation ->> 'kind', :compensation ->> 'payment_id', :saga_id, :compensation ->> 'amount_minor',
    'pending', :compensation ->> 'reason', 0, now_ms(), 0, now_ms()
  where :compensation is not null;
@events
returning
(select @saga_json(saga) from saga where saga_id = :saga_id)
