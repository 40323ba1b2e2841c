-- Gives locked reservations back: a movement each, then the counters, then the mark.
create or replace function release_reservations(held text[]) returns void language plpgsql as $$
begin
  perform lock_stock(null, held);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select sku, warehouse_id, 'release', 0, -quantity, reservation_id, now_ms() from reservation where reservation_id = any (held) order by reservation_id;
  update stock set reserved = reserved - back.quantity
    from (select sku, warehouse_id, sum(quantity) as quantity from reservation where reservation_id = any (held) group by sku, warehouse_id) as back
    where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
  update reservation set status = 'released' where reservation_id = any (held);
end
$$;
