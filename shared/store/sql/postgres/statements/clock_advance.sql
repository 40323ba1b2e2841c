-- Development only: moves the database's clock forward.
-- in: advance_ms
-- `returning now_ms()` would still see the row as it was.
update clock set offset_ms = offset_ms + :advance_ms::bigint
returning jsonb_build_object('now_ms', (extract(epoch from statement_timestamp()) * 1000)::bigint + offset_ms)::text
