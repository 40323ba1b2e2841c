-- Takes the oldest events that may go out to a receiver now: never one whose aggregate has an earlier one waiting or claimed for it (EVT-7). A claim is over
-- when its time is: `at_ms` is both. One relay claims of a receiver at a time, and looks only when it is its turn, as for the sink.
-- in: receiver_id, lease_token, lease_ms, limit
create or replace function delivery_lease(doc jsonb) returns setof jsonb language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('edgetill delivery/' || (doc ->> 'receiver_id'), 0));
  return query
    with free as materialized (
      select d.outbox_id from delivery as d where d.receiver_id = doc ->> 'receiver_id' and d.state = 'pending'
        and not exists (select from delivery as earlier where earlier.receiver_id = d.receiver_id and earlier.state = 'pending' and earlier.aggregate = d.aggregate
          and earlier.outbox_id <= d.outbox_id and earlier.at_ms > now_ms())
      order by d.outbox_id limit (doc ->> 'limit')::bigint for update skip locked),
    taken as (
      update delivery set lease_token = doc ->> 'lease_token', at_ms = now_ms() + (doc ->> 'lease_ms')::bigint
        from free where delivery.outbox_id = free.outbox_id and delivery.receiver_id = doc ->> 'receiver_id' returning delivery.*)
    select jsonb_build_object('outbox_id', o.outbox_id, 'event_id', o.event_id, 'aggregate', o.aggregate, 'type', o.type, 'data', o.data,
        'attempts', t.attempts, 'failing_since_ms', t.failing_since_ms, 'created_at_ms', o.created_at_ms, 'now_ms', now_ms())
      from taken as t join outbox as o on o.outbox_id = t.outbox_id order by o.outbox_id;
end
$$;
