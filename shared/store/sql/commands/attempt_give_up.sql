-- Ends the owner's attempt that waits for its buyer, for what changes more than their own cart: a merge. One whose provider is being asked is not
-- ended: until that is known the cart is held.
-- in: owner text, cancel_id text
-- refuses: cart_locked
lock cart where owner = :owner and status in ('active', 'checkout');
refuse 'cart_locked'
  where exists (select 1 from saga where owner = :owner and state in ('authorizing', 'awaiting_action') and state = 'authorizing');
@supersede
returning
(select object('given_up', count(*)) from compensation where compensation_id = :cancel_id)
