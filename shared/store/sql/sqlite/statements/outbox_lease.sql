-- Takes the oldest events that may go out now: never one whose aggregate has an earlier event waiting or claimed (EVT-1).
-- in: lease_token, lease_ms, limit
update outbox set lease_token = :lease_token, lease_until_ms = now_ms() + :lease_ms
  where outbox_id in (select o.outbox_id from outbox as o where o.state = 'pending'
    and not exists (select 1 from outbox as earlier where earlier.state = 'pending' and earlier.aggregate = o.aggregate
      and earlier.outbox_id <= o.outbox_id and (earlier.next_attempt_at_ms > now_ms() or earlier.lease_until_ms > now_ms()))
    order by o.outbox_id limit :limit)
returning json_object('outbox_id', outbox_id, 'event_id', event_id, 'aggregate', aggregate, 'type', type, 'data', json(data), 'attempts', attempts, 'failing_since_ms', failing_since_ms, 'created_at_ms', created_at_ms, 'now_ms', now_ms())
