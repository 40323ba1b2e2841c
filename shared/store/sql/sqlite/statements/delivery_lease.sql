-- Takes the oldest events that may go out to a receiver now: never one whose aggregate has an earlier one waiting or claimed for it (EVT-7). A claim is over
-- when its time is: `at_ms` is both.
-- in: receiver_id, lease_token, lease_ms, limit
update delivery set lease_token = :lease_token, at_ms = now_ms() + :lease_ms
  where receiver_id = :receiver_id and outbox_id in (select d.outbox_id from delivery as d where d.receiver_id = :receiver_id and d.state = 'pending'
    and not exists (select 1 from delivery as earlier where earlier.receiver_id = d.receiver_id and earlier.state = 'pending' and earlier.aggregate = d.aggregate
      and earlier.outbox_id <= d.outbox_id and earlier.at_ms > now_ms())
    order by d.outbox_id limit :limit)
returning (select json_object('outbox_id', o.outbox_id, 'event_id', o.event_id, 'aggregate', o.aggregate, 'type', o.type, 'data', json(o.data), 'attempts', delivery.attempts, 'failing_since_ms', delivery.failing_since_ms, 'created_at_ms', o.created_at_ms, 'now_ms', now_ms()) from outbox as o where o.outbox_id = delivery.outbox_id)
