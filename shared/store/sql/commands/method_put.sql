-- Adds or replaces a shipping method (CAT-2), with who did it (SEC-4).
-- in: subject text, actor text, method_id text, name text, active boolean
perform hold_subject(:subject); -- only postgres
@append_change(:subject, 'put', :actor, (select @method_json(m) from shipping_method as m where m.method_id = :method_id),
  object('method_id', :method_id, 'name', :name, 'active', flag(:active)))
insert into shipping_method (method_id, name, active) values (:method_id, :name, number(:active))
  on conflict (method_id) do update set name = excluded.name, active = excluded.active;
returning
(select @method_json(m) from shipping_method as m where m.method_id = :method_id)
