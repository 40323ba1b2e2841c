-- A customer.
-- function: (c customer) returns jsonb language sql
object('customer_id', c.customer_id, 'customer_group', nullif(c.customer_group, ''), 'segments', document(c.segments), 'created_at_ms', c.created_at_ms,
  'updated_at_ms', c.updated_at_ms)
