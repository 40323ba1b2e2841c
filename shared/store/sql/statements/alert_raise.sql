-- Raises an alert once per cause: one that stands stays as it was.
-- in: alert_id text, detail text
insert into alert (alert_id, detail, at_ms) select :alert_id, :detail, now_ms() where true on conflict do nothing
returning object('alert_id', alert_id)
