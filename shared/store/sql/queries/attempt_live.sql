-- The session of the owner's attempt that is on its way to an order.
-- in: owner text
select object('session_id', session_id) from saga where owner = :owner and state in ('authorizing', 'awaiting_action')
