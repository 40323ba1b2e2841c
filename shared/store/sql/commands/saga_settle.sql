-- Moves a saga that has no order (yet): declined, awaiting the buyer, failed, or to be asked again. Fenced by the lease. What the provider has told
-- since the lease was taken (`webhook_receive`) may be news to its driver: then it is asked again at once.
-- in: saga_id text, lease_token text, from_states jsonb, to_state text, reason text?, retry_in_ms bigint, leased_at_ms bigint, payment_state text?, reference text?, free_cart boolean, release_stock boolean, compensation jsonb?, events
-- refuses: saga_moved_on, payment_reference_taken
-- The cart before the saga, as whoever claims a cart takes them; which cart a saga is of never changes.
lock cart where cart_id = (select cart_id from saga where saga_id = :saga_id);
lock saga where saga_id = :saga_id;
refuse 'saga_moved_on' where not exists (select 1 from saga, each(:from_states, legal)
    where saga_id = :saga_id and lease_token = :lease_token and state = scalar(legal.value));
update saga set state = :to_state, reason = :reason, lease_until_ms = 0,
    next_attempt_at_ms = case when next_attempt_at_ms > :leased_at_ms then now_ms() else now_ms() + :retry_in_ms end, updated_at_ms = now_ms()
  where saga_id = :saga_id;
update payment set state = coalesce(:payment_state, state), reference = coalesce(:reference, reference), updated_at_ms = now_ms()
  where saga_id = :saga_id;
update cart set saga_id = null where :free_cart and saga_id = :saga_id and cart_id = (select cart_id from saga where saga_id = :saga_id);
@return_uses((select saga_id from saga where saga_id = :saga_id and :free_cart), 'checkout')
@release_held((select session_id from saga where saga_id = :saga_id), :release_stock)
-- only with compensation
insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select :compensation ->> 'compensation_id', :compensation ->> 'kind', :compensation ->> 'payment_id', :saga_id, integer(:compensation ->> 'amount_minor'),
    'pending', :compensation ->> 'reason', 0, now_ms(), 0, now_ms()
  where :compensation is not null;
@events
returning
(select @saga_json(g) from saga as g where g.saga_id = :saga_id)
