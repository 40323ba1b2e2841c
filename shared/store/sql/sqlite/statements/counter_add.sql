-- Counts something that leaves no other row: a refused owner, a stale version (CART-1, CART-2).
-- in: name
insert into counter (name, value) select :name, 1 where true on conflict (name) do update set value = value + 1
returning json_object('value', value)
