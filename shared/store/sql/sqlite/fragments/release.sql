-- Gives back what the command has marked 'releasing': a movement each, then the counters, then the mark.
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select sku, warehouse_id, 'release', 0, -quantity, reservation_id, now_ms() from reservation where status = 'releasing';
update stock set reserved = reserved - back.quantity
  from (select sku, warehouse_id, sum(quantity) as quantity from reservation where status = 'releasing' group by sku, warehouse_id) as back
  where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
update reservation set status = 'released' where status = 'releasing';
