-- Last in a command: its events, each completed with what it names of the receipt (`assigned`), and the receipt for replays. The limit keeps SQLite
-- from making the receipt anew for each name.
insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
  select event.value ->> 'event_id', event.value ->> 'aggregate', event.value ->> 'type',
         json_patch(event.value ->> 'data', (select json_group_object(name.value, json(made.receipt -> name.value)) from json_each(event.value, '$.assigned') as name)),
         'pending', 0, now_ms(), 0, now_ms()
  from (select :receipt as receipt limit 1) as made, json_each(:events) as event;
-- only with idempotency_key
update idempotency set receipt = :receipt where idempotency_key = :idempotency_key;
