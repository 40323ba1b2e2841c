-- What a person makes of a customer, as history keeps it.
-- function: (c customer) returns jsonb language sql
object('customer_group', nullif(c.customer_group, ''), 'segments', document(c.segments))
