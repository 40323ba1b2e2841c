-- Which row of a country's zones a destination is in: its region's where there is one, else the country's, ''.
-- function: (to_country text, to_region text) returns text language plpgsql
(select max(z.region) from zone as z where z.country = to_country and z.region in ('', to_region))
