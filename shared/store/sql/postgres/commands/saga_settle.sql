-- Moves a saga that has no order (yet): declined, awaiting the buyer, failed, or to be asked again. Fenced by the lease.
-- in: saga_id, lease_token, from_states, to_state, reason?, retry_in_ms, payment_state?, reference?, free_cart, release_stock, compensation?, events
-- refuses: saga_moved_on, payment_reference_taken
create or replace function saga_settle(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_saga saga;
begin
  -- The cart before the saga, as whoever claims a cart takes them; which cart a saga is of never changes.
  perform 1 from cart where cart_id = (select cart_id from saga where saga_id = doc ->> 'saga_id') for update;
  select * into the_saga from saga
    where saga_id = doc ->> 'saga_id' and lease_token = doc ->> 'lease_token' and doc -> 'from_states' ? state for update;
  if not found then raise exception 'saga_moved_on'; end if;
  update saga set state = doc ->> 'to_state', reason = doc ->> 'reason', lease_until_ms = 0,
      next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint, updated_at_ms = now_ms()
    where saga_id = the_saga.saga_id;
  update payment set state = coalesce(doc ->> 'payment_state', state), reference = coalesce(doc ->> 'reference', reference), updated_at_ms = now_ms()
    where saga_id = the_saga.saga_id;
  if (doc ->> 'free_cart')::boolean then
    update cart set saga_id = null where cart_id = the_saga.cart_id and saga_id = the_saga.saga_id;
  end if;
  if (doc ->> 'release_stock')::boolean then
    perform release_reservations(lock_held(the_saga.session_id));
  end if;
  insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select doc #>> '{compensation,compensation_id}', doc #>> '{compensation,kind}', doc #>> '{compensation,payment_id}', the_saga.saga_id,
      (doc #>> '{compensation,amount_minor}')::bigint, 'pending', doc #>> '{compensation,reason}', 0, now_ms(), 0, now_ms()
    where doc ->> 'compensation' is not null;
  perform add_events(doc);
  return (select saga_json(g) from saga as g where saga_id = the_saga.saga_id);
end
$$;
