-- A part of an order leaves, or all of it (ORD-15): its lines count it, and its state is what they say. With `capture` its money is asked for: goods
-- leave for money that is taken.
-- in: order_id text, order_version bigint, legal_from jsonb, to_status text, actor text, reason text, payment_state text?, shipment jsonb: {shipment_id, lines: [{line_no, quantity}], carrier, tracking_number, tracking_url}, capture boolean?, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, pieces_exceeded, idempotency_key_seen
@idempotent
@order_at
-- Held while they are judged: no capture begins, and none is given up.
lock saga where saga_id = @saga_of(:order_id);
lock payment where saga_id = @saga_of(:order_id);
refuse 'order_changed' where exists (select 1 from payment where saga_id = @saga_of(:order_id) and state is distinct from :payment_state);
-- only with capture
refuse 'order_changed' where not exists (select 1 from saga where saga_id = @saga_of(:order_id) and state = 'completed');
-- only with capture
@ask_capture(@saga_of(:order_id))
update order_line set shipped_quantity = shipped_quantity + leaving.quantity
  from (select integer(part.value ->> 'line_no') as line_no, integer(part.value ->> 'quantity') as quantity from each(:shipment, 'lines', part)) as leaving
  where order_line.order_id = :order_id and order_line.line_no = leaving.line_no;
insert into shipment (order_id, shipment_id, lines, carrier, tracking_number, tracking_url, shipped_at_ms)
  values (:order_id, :shipment ->> 'shipment_id', part(:shipment, 'lines'), :shipment ->> 'carrier', :shipment ->> 'tracking_number', :shipment ->> 'tracking_url', now_ms());
@move_order(:order_id, :to_status, :actor, :reason)
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'updated_at_ms', updated_at_ms)) from orders where order_id = :order_id)
