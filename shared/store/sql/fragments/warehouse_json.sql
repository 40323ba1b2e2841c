-- A warehouse.
-- function: (w warehouse) returns jsonb language sql
object('warehouse_id', w.warehouse_id, 'name', w.name, 'country', w.country, 'priority', w.priority)
