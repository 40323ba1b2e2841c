-- Raises an alert once per cause: one that stands stays as it was.
-- in: alert_id, detail
insert into alert (alert_id, detail, at_ms) values (:alert_id, :detail, now_ms()) on conflict do nothing
returning jsonb_build_object('alert_id', alert_id)::text
