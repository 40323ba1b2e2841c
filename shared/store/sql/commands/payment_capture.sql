-- Writes down what the provider said of a capture: captured, to be asked again, or given up. A capture given up is a compensation that is
-- dead from the start, with its alert, so that operators have one place to look at; its order is due when that has stood for too long (ORD-9). Fenced by
-- the lease.
-- in: saga_id text, lease_token text, to_state text, payment_state text, captured_minor bigint, tried boolean, retry_in_ms bigint, alert text?, unpaid_in_ms bigint, compensation jsonb?, events
-- refuses: saga_moved_on
-- The order before the saga, as everywhere.
-- only with compensation
lock orders where order_id = (select order_id from payment where saga_id = :saga_id);
lock saga where saga_id = :saga_id;
refuse 'saga_moved_on'
  where not exists (select 1 from saga where saga_id = :saga_id and lease_token = :lease_token and state = 'capturing');
update saga set state = :to_state, capture_attempts = capture_attempts + number(:tried), lease_until_ms = 0, next_attempt_at_ms = now_ms() + :retry_in_ms,
    failing_since_ms = case when :tried and :payment_state <> 'captured' then coalesce(failing_since_ms, now_ms()) else failing_since_ms end, updated_at_ms = now_ms()
  where saga_id = :saga_id;
update payment set state = :payment_state, captured_minor = :captured_minor, updated_at_ms = now_ms() where saga_id = :saga_id;
-- only with compensation
insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, failing_since_ms, next_attempt_at_ms, lease_until_ms, last_error, created_at_ms)
  select :compensation ->> 'compensation_id', 'capture_payment', p.payment_id, g.saga_id, p.amount_minor, 'dead', 'capture_given_up', g.capture_attempts,
    g.failing_since_ms, now_ms(), 0, :compensation ->> 'error', now_ms()
  from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = :saga_id and :compensation is not null;
-- only with compensation
insert into alert (alert_id, detail, at_ms)
  select 'compensation_dead:' || (:compensation ->> 'compensation_id'), :compensation ->> 'error', now_ms() where :compensation is not null on conflict do nothing;
-- only with compensation
update orders set due_at_ms = now_ms() + :unpaid_in_ms
  where :compensation is not null and status in ('confirmed', 'processing') and order_id = (select order_id from payment where saga_id = :saga_id);
-- only with alert
insert into alert (alert_id, detail, at_ms) select 'capture_failing:' || :saga_id, :alert, now_ms() where :alert is not null on conflict do nothing;
@events
returning
(select @saga_json(g) from saga as g where g.saga_id = :saga_id)
