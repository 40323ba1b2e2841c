-- An alert that leaves no other row, once a UTC day: a key that is refused, a variable that cannot be used.
-- in: alert_id, detail
insert into alert (alert_id, detail, at_ms)
  values (:alert_id || ':' || to_char(to_timestamp(now_ms() / 1000) at time zone 'UTC', 'YYYY-MM-DD'), :detail, now_ms())
  on conflict do nothing returning jsonb_build_object('alert_id', alert_id)::text
