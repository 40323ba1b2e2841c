-- Locks the counters of these lines ([{sku, warehouse_id}]) and of these reservations, all in one pass and in one order,
-- so that two that need the same ones never wait for each other.
create or replace function lock_stock(lines jsonb, held text[]) returns void language plpgsql as $$
begin
  perform 1 from stock
    where (sku, warehouse_id) in (
      select line ->> 'sku', line ->> 'warehouse_id' from each_item(lines) as line
      union select sku, warehouse_id from reservation where reservation_id = any (held))
    order by sku, warehouse_id for update;
end
$$;
