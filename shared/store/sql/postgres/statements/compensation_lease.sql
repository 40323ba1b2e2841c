-- Takes due compensations, oldest first, or the one named. To take one is no try yet: whoever settles it says what was tried.
-- Locked first and read afterwards: whoever held a row has left it as it is read.
-- in: lease_token, lease_ms, limit, compensation_id?
create or replace function compensation_lease(doc jsonb) returns setof jsonb language plpgsql as $$
declare
  due text[];
begin
  due := (select array(select compensation_id from compensation where state = 'pending' and lease_until_ms <= now_ms()
    and next_attempt_at_ms <= now_ms() and (doc ->> 'compensation_id' is null or compensation_id = doc ->> 'compensation_id')
    order by next_attempt_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  return query update compensation as c
    set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint
    where compensation_id = any (due)
    returning jsonb_build_object('compensation_id', c.compensation_id, 'kind', c.kind, 'payment_id', c.payment_id, 'saga_id', c.saga_id,
      'amount_minor', c.amount_minor, 'attempts', c.attempts, 'retries', c.retries, 'failing_since_ms', c.failing_since_ms, 'refund_reference', c.refund_reference,
      'created_at_ms', c.created_at_ms, 'now_ms', now_ms(), 'reason', c.reason,
      'payment', (select payment_json(p) from payment as p where p.payment_id = c.payment_id),
      'saga_created_at_ms', (select created_at_ms from saga where saga.saga_id = c.saga_id),
      'order', ((select jsonb_build_object('status', o.status, 'order_number', o.order_number, 'cart_id', o.cart_id,
      'left_minor', o.total_minor - coalesce((select sum(r.amount_minor) from refund as r where r.order_id = o.order_id), 0))
    from orders as o where o.order_id = (select order_id from payment as p where p.payment_id = c.payment_id))),
      'plan', (select plan from saga where saga.saga_id = c.saga_id));
end
$$;
