-- Ends the owner's cart if its time is over, so that they can have another: the clock has ended it, this writes it down (CART-10).
-- Nothing to end is no refusal: somebody else has written it down.
-- in: owner
update cart set status = 'abandoning' where owner = :owner and status in ('active', 'checkout') and saga_id is null and expires_at_ms <= now_ms();
@abandon
returning
json_object('owner', :owner)
