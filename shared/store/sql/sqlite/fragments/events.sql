-- The events of a command that has no receipt to replay.
-- postgres: add_events(doc)
insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select event.value ->> 'event_id', event.value ->> 'aggregate', event.value ->> 'type', event.value ->> 'data',
         'pending', 0, now_ms(), 0, now_ms()
  from json_each(:events) as event;
