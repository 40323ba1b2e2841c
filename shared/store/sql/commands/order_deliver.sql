-- Shipments of an order have arrived (ORD-15): their lines count it, and with the last of them the order is complete. What was to be paid at the door is taken
-- to be paid a while after.
-- in: order_id text, order_version bigint, legal_from jsonb, to_status text, actor text, reason text, shipment_ids jsonb, lines jsonb: [{line_no, quantity}], completed boolean?, due_in_ms bigint?, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, pieces_exceeded, idempotency_key_seen
@idempotent
@order_at
update order_line set delivered_quantity = delivered_quantity + arriving.quantity
  from (select integer(part.value ->> 'line_no') as line_no, integer(part.value ->> 'quantity') as quantity from each(:lines, part)) as arriving
  where order_line.order_id = :order_id and order_line.line_no = arriving.line_no;
update shipment set delivered_at_ms = now_ms()
  where order_id = :order_id and delivered_at_ms is null and shipment_id in (select scalar(named.value) from each(:shipment_ids, named));
-- only with completed
update orders set completed_at_ms = now_ms(), due_at_ms = now_ms() + :due_in_ms where order_id = :order_id;
@move_order(:order_id, :to_status, :actor, :reason)
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'updated_at_ms', updated_at_ms)) from orders where order_id = :order_id)
