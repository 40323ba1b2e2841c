-- Counts something that leaves no other row: a refused owner, a stale version (CART-1, CART-2).
-- in: name
insert into counter (name, value) values (:name, 1) on conflict (name) do update set value = counter.value + 1
returning jsonb_build_object('value', value)::text
