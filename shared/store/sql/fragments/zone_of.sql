-- The destination's zone: the region's where it has one, else the country's.
-- function: (to_country text, to_region text) returns text language plpgsql
(select z.zone from zone as z where z.country = to_country and z.region in ('', to_region) order by z.region desc limit 1)
