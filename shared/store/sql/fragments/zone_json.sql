-- Which zone a country, or a region of it, is in. No region is the rest of the country.
-- function: (z zone) returns jsonb language sql
object('country', z.country, 'region', nullif(z.region, ''), 'zone', z.zone)
