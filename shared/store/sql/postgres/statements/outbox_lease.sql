-- Takes the oldest events that may go out now: never one whose aggregate has an earlier event waiting or claimed (EVT-1).
-- One relay claims at a time, and looks only when it is its turn: two that looked at once could take an event and its
-- successor apart, and send them in the wrong order.
-- in: lease_token, lease_ms, limit
create or replace function outbox_lease(doc jsonb) returns setof jsonb language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('edgetill outbox'));
  return query
    with free as materialized (
      select o.outbox_id from outbox as o where o.state = 'pending'
        and not exists (select from outbox as earlier where earlier.state = 'pending' and earlier.aggregate = o.aggregate
          and earlier.outbox_id <= o.outbox_id and (earlier.next_attempt_at_ms > now_ms() or earlier.lease_until_ms > now_ms()))
      order by o.outbox_id limit (doc ->> 'limit')::bigint for update skip locked),
    taken as (
      update outbox set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint
        from free where outbox.outbox_id = free.outbox_id returning outbox.*)
    select jsonb_build_object('outbox_id', outbox_id, 'event_id', event_id, 'aggregate', aggregate, 'type', type, 'data', data,
        'attempts', attempts, 'failing_since_ms', failing_since_ms, 'created_at_ms', created_at_ms, 'now_ms', now_ms())
      from taken order by outbox_id;
end
$$;
