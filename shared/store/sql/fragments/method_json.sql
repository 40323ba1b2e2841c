-- A shipping method.
-- function: (m shipping_method) returns jsonb language sql
object('method_id', m.method_id, 'name', m.name, 'active', flag(m.active = 1))
