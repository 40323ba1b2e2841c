-- What the relay has to do beside the sink: events that no receiver has been given yet, the oldest first, and active receivers, with whether something waits
-- for each.
-- in: limit bigint
select object(
  'events', document((select list(outbox_id) from (select outbox_id from outbox where fanned = 0 order by outbox_id limit :limit) as made)),
  'receivers', document((select list(object('receiver_id', receiver_id, 'url', url, 'secrets', secrets,
    'data_key', document(@data_key_json('receiver/' || receiver_id)),
    'waits', flag(exists (select 1 from delivery as d where d.receiver_id = receiver.receiver_id and d.state = 'pending')))) from receiver where active = 1)))
