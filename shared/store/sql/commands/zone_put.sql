-- Says which zone a country, or a region of it, is in (CAT-2), with who did it (SEC-4). Region '' is the rest of the country.
-- in: subject text, actor text, country text, region text, zone text
perform hold_subject(:subject); -- only postgres
@append_change(:subject, 'put', :actor, (select @zone_json(z) from zone as z where z.country = :country and z.region = :region),
  object('country', :country, 'region', nullif(:region, ''), 'zone', :zone))
insert into zone (country, region, zone) values (:country, :region, :zone)
  on conflict (country, region) do update set zone = excluded.zone;
returning
(select @zone_json(z) from zone as z where z.country = :country and z.region = :region)
