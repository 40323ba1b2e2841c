-- Writes down what an audit found: an alert and a count for each cause that stands for the first time; nothing for one that is known.
-- in: run_id, violations: [{alert_id, detail}]
insert into counter (name, value)
  select 'audit_violations_total', count(*) from json_each(:violations) as found
  where not exists (select 1 from alert where alert_id = found.value ->> 'alert_id')
  on conflict (name) do update set value = value + excluded.value;
insert into alert (alert_id, detail, at_ms)
  select found.value ->> 'alert_id', json_set(found.value ->> 'detail', '$.run_id', :run_id), now_ms()
  from json_each(:violations) as found where true on conflict do nothing;
returning
(select json_object('raised', json_group_array(alert.alert_id)) from json_each(:violations) as found
  join alert on alert.alert_id = found.value ->> 'alert_id' where alert.detail ->> 'run_id' = :run_id)
