-- Ends the owner's attempt that waits for its buyer, if there is one: it makes no order any more, its cart is free, and what it asked of
-- the provider is owed back.
-- postgres: supersede(doc)
-- only with cancel_id
insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select :cancel_id, 'cancel_intent', payment_id, g.saga_id, amount_minor, 'pending', 'superseded', 0, now_ms(), 0, now_ms()
  from saga as g join payment on payment.saga_id = g.saga_id
  where g.owner = :owner and g.state in ('authorizing', 'awaiting_action') and g.state = 'awaiting_action';
-- only with cancel_id
update saga set state = 'superseded', lease_until_ms = 0, updated_at_ms = now_ms()
  where saga_id = (select saga_id from compensation where compensation_id = :cancel_id);
-- only with cancel_id
@return_uses((select saga_id from compensation where compensation_id = :cancel_id), :owner)
-- only with cancel_id
update cart set saga_id = null
  where cart_id = (select g.cart_id from compensation as k join saga as g on g.saga_id = k.saga_id where k.compensation_id = :cancel_id)
    and saga_id = (select saga_id from compensation where compensation_id = :cancel_id);
