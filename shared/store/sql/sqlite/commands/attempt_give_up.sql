-- Ends the owner's attempt that waits for its buyer, for what changes more than their own cart: a merge. One whose provider is being asked is not
-- ended: until that is known the cart is held.
-- in: owner, cancel_id
-- refuses: cart_locked
select raise(abort, 'cart_locked')
  where exists (select 1 from saga where owner = :owner and state in ('authorizing', 'awaiting_action') and state = 'authorizing');
@supersede
returning
(select json_object('given_up', count(*)) from compensation where compensation_id = :cancel_id)
