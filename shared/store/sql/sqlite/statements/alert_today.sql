-- An alert that leaves no other row, once a UTC day: a key that is refused, a variable that cannot be used.
-- in: alert_id, detail
insert into alert (alert_id, detail, at_ms) select :alert_id || ':' || strftime('%Y-%m-%d', now_ms() / 1000, 'unixepoch'), :detail, now_ms() where true
  on conflict do nothing returning json_object('alert_id', alert_id)
