-- The destination's zone: the region's where it has one, else the country's.
create or replace function zone_of(to_country text, to_region text) returns text language plpgsql stable as $$
begin
  return (select zone from zone where country = to_country and region in ('', to_region) order by region desc limit 1);
end
$$;
