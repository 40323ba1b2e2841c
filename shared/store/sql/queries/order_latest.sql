-- The latest order of an owner.
-- in: owner text
select object('session_id', session_id) from orders where owner = :owner order by order_id desc limit 1
