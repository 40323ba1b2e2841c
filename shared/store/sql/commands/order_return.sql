-- A return of an order (ORD-5): asked for, decided, withdrawn, or back. What is back is counted by its lines, and what of it is fit to be sold again is
-- stock of the warehouse that it came from.
-- in: order_id text, order_version bigint, legal_from jsonb, actor text, reason text, window_ms bigint?, entry jsonb: {return_id, status, detail}, lines jsonb?: [{line_no, quantity, restocked_quantity}], if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, return_too_late, pieces_exceeded, idempotency_key_seen
@idempotent
@order_at
-- only with window_ms
refuse 'return_too_late' where exists (select 1 from orders where order_id = :order_id and completed_at_ms + :window_ms <= now_ms());
insert into order_return (order_id, return_id, status, detail, created_at_ms, updated_at_ms)
  values (:order_id, :entry ->> 'return_id', :entry ->> 'status', part(:entry, 'detail'), now_ms(), now_ms())
  on conflict (order_id, return_id) do update set status = excluded.status, detail = excluded.detail, updated_at_ms = excluded.updated_at_ms;
-- only with lines
update order_line set returned_quantity = returned_quantity + back.quantity
  from (select integer(part.value ->> 'line_no') as line_no, integer(part.value ->> 'quantity') as quantity from each(:lines, part)) as back
  where order_line.order_id = :order_id and order_line.line_no = back.line_no;
-- only with lines
perform lock_stock((select jsonb_agg(to_jsonb(line)) from order_line as line where line.order_id = :order_id), null); -- only postgres
-- only with lines
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select line.sku, line.warehouse_id, 'return', integer(part.value ->> 'restocked_quantity'), 0, :entry ->> 'return_id', now_ms()
  from each(:lines, part) join order_line as line on line.order_id = :order_id and line.line_no = integer(part.value ->> 'line_no')
  where integer(part.value ->> 'restocked_quantity') > 0;
-- only with lines
update stock set on_hand = on_hand + back.quantity
  from (select line.sku, line.warehouse_id, sum(integer(part.value ->> 'restocked_quantity')) as quantity
    from each(:lines, part) join order_line as line on line.order_id = :order_id and line.line_no = integer(part.value ->> 'line_no') group by 1, 2) as back
  where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
@move_order(:order_id, null, :actor, :reason)
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'updated_at_ms', updated_at_ms)) from orders where order_id = :order_id)
