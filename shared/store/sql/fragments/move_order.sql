-- An order's next version, and what the history says of it. Without a state it stays in the one it has.
-- function: (of_order text, to_state text, by_whom text, why text) returns void language plpgsql
insert into order_history (order_id, seq, from_status, to_status, actor, reason, at_ms)
  select o.order_id, o.version + 1, o.status, coalesce(to_state, o.status), by_whom, why, now_ms() from orders as o where o.order_id = of_order;
update orders set status = coalesce(to_state, status), version = version + 1, updated_at_ms = now_ms() where order_id = of_order;
