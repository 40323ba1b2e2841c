-- Makes due what is asked of the provider about a payment of an order anyway: the attempt that waits for its answer, and what is owed (EVT-3).
-- in: order_id text
-- refuses: order_unknown
refuse 'order_unknown' where not exists (select 1 from orders where order_id = :order_id);
lock saga where saga_id = @saga_of(:order_id);
update saga set next_attempt_at_ms = now_ms() where saga_id = @saga_of(:order_id) and state in ('authorizing', 'awaiting_action', 'capturing');
update compensation set next_attempt_at_ms = now_ms() where payment_id in (select payment_id from payment where saga_id = @saga_of(:order_id))
  and state = 'pending' and next_attempt_at_ms > now_ms();
returning
object('looked', flag(true))
