-- Ends the owner's attempt that waits for its buyer, for what changes more than their own cart: a merge. One whose provider is being asked is not
-- ended: until that is known the cart is held.
-- in: owner, cancel_id
-- refuses: cart_locked
create or replace function attempt_give_up(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where owner = doc ->> 'owner' and status in ('active', 'checkout') for update;
  if exists (select from saga where owner = doc ->> 'owner' and state = 'authorizing') then raise exception 'cart_locked'; end if;
  return jsonb_build_object('given_up', case when supersede(doc) is null then 0 else 1 end);
end
$$;
