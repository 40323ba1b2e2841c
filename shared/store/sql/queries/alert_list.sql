-- Alerts, oldest first, above a cursor: when the last of the page before was raised, and its id.
-- in: at_ms bigint, alert_id text, limit bigint
select object('alert_id', alert_id, 'detail', detail, 'at_ms', at_ms) from alert
where at_ms >= :at_ms and (at_ms > :at_ms or alert_id > :alert_id) order by at_ms, alert_id limit :limit
