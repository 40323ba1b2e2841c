-- When a buyer's last confirm became an order or failed (CHK-5); 0 for never. A refused card and a buyer who stayed away are no failures.
-- function: (buyer text) returns bigint language plpgsql
greater(coalesce((select o.created_at_ms from orders as o where o.owner = buyer order by o.order_id desc limit 1), 0),
  coalesce((select max(g.updated_at_ms) from saga as g where g.owner = buyer and g.state in ('voiding', 'failed') and g.reason <> 'action_not_taken'), 0))
