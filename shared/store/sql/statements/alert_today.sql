-- An alert that leaves no other row, once a UTC day: a key that is refused, a variable that cannot be used.
-- in: alert_id text, detail text
insert into alert (alert_id, detail, at_ms) select :alert_id || ':' || utc_day(now_ms()), :detail, now_ms() where true
  on conflict do nothing returning object('alert_id', alert_id)
