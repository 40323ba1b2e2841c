-- Development only: moves the database's clock forward.
-- in: advance_ms
update clock set offset_ms = offset_ms + :advance_ms returning json_object('now_ms', now_ms())
