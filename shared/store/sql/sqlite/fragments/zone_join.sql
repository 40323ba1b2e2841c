-- The destination's zone: the region's where it has one, else the country's.
left join zone as z on z.country = d.country
  and z.region = (select max(region) from zone where country = d.country and region in ('', d.region))
