-- Ends the owner's cart if its time is over, so that they can have another: the clock has ended it, this writes it down (CART-10).
-- Nothing to end is no refusal: somebody else has written it down.
-- in: owner
create or replace function cart_abandon(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform abandon_carts((select array(select cart_id from cart
    where owner = doc ->> 'owner' and status in ('active', 'checkout') and saga_id is null and expires_at_ms <= now_ms() for update)));
  return jsonb_build_object('owner', doc ->> 'owner');
end
$$;
