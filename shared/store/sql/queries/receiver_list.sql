-- Receivers of events, those too that are paused, above a cursor.
-- in: cursor text, limit bigint
select @receiver_json(r) from receiver as r where r.receiver_id > :cursor order by r.receiver_id limit :limit
