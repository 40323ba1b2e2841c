-- What nothing needs any more, of each table the oldest: idempotency records past their time, and what was settled or ended so long ago, of events
-- for every receiver. Of a confirm's keys
-- also whether their owner has none that is younger. Of data keys those that no checkout
-- has used for so long: whether an order needs one still is for the command to see.
-- in: limit bigint, retention_ms bigint, contact_ms bigint
select object(
  'records', document((select list(idempotency_key) from (select idempotency_key from idempotency
    where expires_at_ms <= now_ms() order by expires_at_ms limit :limit) as old)),
  'events', document((select list(outbox_id) from (select outbox_id from outbox
    where state in ('published', 'resolved', 'fanned') and created_at_ms <= now_ms() - :retention_ms
      and not exists (select 1 from delivery as d where d.outbox_id = outbox.outbox_id and d.state in ('pending', 'dead'))
    order by created_at_ms limit :limit) as old)),
  'confirms', document((select list(object('owner', owner, 'key', idempotency_key, 'is_last', flag(not exists (select 1 from confirm_key as younger
      where younger.owner = old.owner and younger.created_at_ms > now_ms() - :retention_ms))))
    from (select owner, idempotency_key from confirm_key where created_at_ms <= now_ms() - :retention_ms order by created_at_ms limit :limit) as old)),
  'sessions', document(@ended_sessions_json(:contact_ms, :limit)),
  'data_keys', document((select list(owner) from (select owner from data_key where used_at_ms <= now_ms() - :retention_ms order by used_at_ms limit :limit) as old)),
  'webhooks', document((select list(object('source', source, 'event_id', event_id)) from (select source, event_id from inbox
    where received_at_ms <= now_ms() - :retention_ms and state in ('done', 'resolved') order by received_at_ms limit :limit) as old)))
