-- Which zone every country and region is in, above a cursor (`US/CA`).
-- in: cursor text, limit bigint
select @zone_json(zones) from zone as zones where zones.country || '/' || zones.region > :cursor order by zones.country || '/' || zones.region limit :limit
