-- Counts something that leaves no other row: a refused owner, a stale version (CART-1, CART-2).
-- in: name text
insert into counter (name, value) select :name, 1 where true on conflict (name) do update set value = counter.value + 1
returning object('value', value)
