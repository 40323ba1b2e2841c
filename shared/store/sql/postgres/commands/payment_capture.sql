-- Writes down what the provider said of a capture: captured, given up, or to be asked again. Fenced by the lease.
-- in: saga_id, lease_token, to_state, payment_state, captured_minor, retry_in_ms, alert?, events
-- refuses: saga_moved_on
create or replace function payment_capture(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from saga where saga_id = doc ->> 'saga_id' and lease_token = doc ->> 'lease_token' and state = 'capturing' for update;
  if not found then raise exception 'saga_moved_on'; end if;
  update saga set state = doc ->> 'to_state', lease_until_ms = 0, next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint, updated_at_ms = now_ms()
    where saga_id = doc ->> 'saga_id';
  update payment set state = doc ->> 'payment_state', captured_minor = (doc ->> 'captured_minor')::bigint, updated_at_ms = now_ms()
    where saga_id = doc ->> 'saga_id';
  insert into alert (alert_id, detail, at_ms)
    select 'capture_failed:' || (doc ->> 'saga_id'), doc ->> 'alert', now_ms() where doc ->> 'alert' is not null on conflict do nothing;
  perform add_events(doc);
  return (select saga_json(g) from saga as g where saga_id = doc ->> 'saga_id');
end
$$;
