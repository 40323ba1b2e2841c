-- Ends the owner's attempt that waits for its buyer, if there is one and the document has a `cancel_id`: it makes no order any more, its
-- cart, which the caller has locked, is free, and what it asked of the provider is owed back. Answers which it was.
create or replace function supersede(doc jsonb) returns text language plpgsql as $$
declare
  the_saga saga;
begin
  if doc ->> 'cancel_id' is null then return null; end if;
  update saga set state = 'superseded', lease_until_ms = 0, updated_at_ms = now_ms()
    where owner = doc ->> 'owner' and state = 'awaiting_action' returning * into the_saga;
  if not found then return null; end if;
  insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select doc ->> 'cancel_id', 'cancel_intent', payment_id, saga_id, amount_minor, 'pending', 'superseded', 0, now_ms(), 0, now_ms()
    from payment where saga_id = the_saga.saga_id;
  perform return_uses(the_saga.saga_id, the_saga.owner);
  update cart set saga_id = null where cart_id = the_saga.cart_id and saga_id = the_saga.saga_id;
  return the_saga.saga_id;
end
$$;
