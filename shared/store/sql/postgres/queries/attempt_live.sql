-- The session of the owner's attempt that is on its way to an order.
-- in: owner
select jsonb_build_object('session_id', session_id)::text from saga where owner = :owner and state in ('authorizing', 'awaiting_action')
