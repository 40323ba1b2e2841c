-- The elements of a list that may be absent or null.
create or replace function each_item(list jsonb) returns setof jsonb language sql immutable as $$
  select jsonb_array_elements(case jsonb_typeof(list) when 'array' then list else '[]' end)
$$;
