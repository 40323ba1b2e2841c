-- Warehouses by their names, above a cursor.
-- in: cursor text, limit bigint
select @warehouse_json(w) from warehouse as w where w.warehouse_id > :cursor order by w.warehouse_id limit :limit
