-- One warehouse.
-- in: warehouse_id text
select @warehouse_json(w) from warehouse as w where w.warehouse_id = :warehouse_id
