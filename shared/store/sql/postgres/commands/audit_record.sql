-- Writes down what an audit found: an alert and a count for each cause that stands for the first time; nothing for one that is known.
-- in: run_id, violations: [{alert_id, detail}]
create or replace function audit_record(doc jsonb) returns jsonb language plpgsql as $$
declare
  raised jsonb;
begin
  with new as (
    insert into alert (alert_id, detail, at_ms)
      select it ->> 'alert_id', ((it -> 'detail') || jsonb_build_object('run_id', doc ->> 'run_id'))::text, now_ms()
      from each_item(doc -> 'violations') as it order by 1 on conflict do nothing returning alert_id)
  select coalesce(jsonb_agg(alert_id), '[]') into raised from new;
  insert into counter (name, value) values ('audit_violations_total', jsonb_array_length(raised))
    on conflict (name) do update set value = counter.value + excluded.value;
  return jsonb_build_object('raised', raised);
end
$$;
