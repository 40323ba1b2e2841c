-- The order whose money could not be taken, if that is what is owed: it is not due while somebody looks after it.
-- function: (of_compensation text) returns text language sql
(select p.order_id from compensation as k join payment as p on p.payment_id = k.payment_id where k.compensation_id = of_compensation and k.kind = 'capture_payment')
