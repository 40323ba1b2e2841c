-- Adds or replaces a warehouse (CAT-2), with who did it (SEC-4).
-- in: subject text, actor text, warehouse_id text, name text, country text, priority bigint
perform hold_subject(:subject); -- only postgres
@append_change(:subject, 'put', :actor, (select @warehouse_json(w) from warehouse as w where w.warehouse_id = :warehouse_id),
  object('warehouse_id', :warehouse_id, 'name', :name, 'country', :country, 'priority', :priority))
insert into warehouse (warehouse_id, name, country, priority) values (:warehouse_id, :name, :country, :priority)
  on conflict (warehouse_id) do update set name = excluded.name, country = excluded.country, priority = excluded.priority;
returning
(select @warehouse_json(w) from warehouse as w where w.warehouse_id = :warehouse_id)
