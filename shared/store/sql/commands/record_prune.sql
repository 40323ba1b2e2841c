-- Deletes what `record_settled` has found, and counts it (EVT-5). A key that was taken anew meanwhile stays, and so does a data key that a contact or a receiver needs, to be looked at later; what was published, resolved or has ended
-- stays so. Never movements, history or orders: they are what happened.
-- in: records jsonb, events jsonb, confirms jsonb: [{owner, key}], sessions jsonb, data_keys jsonb: [owner], webhooks jsonb: [{source, event_id}], retention_ms bigint
-- One run at a time, so that each row is counted once.
lock worker_run where worker = 'record-cleanup';
update data_key set used_at_ms = now_ms() where used_at_ms <= now_ms() - :retention_ms and owner in (select scalar(item.value) from each(:data_keys, item))
  and (exists (select 1 from checkout_session as s where s.owner = data_key.owner and s.contact > ''
      and s.session_id not in (select scalar(item.value) from each(:sessions, item)))
    or exists (select 1 from orders as o where o.owner = data_key.owner and o.contact > '')
    or exists (select 1 from receiver as r where r.receiver_id = substr(data_key.owner, 10) and data_key.owner = 'receiver/' || r.receiver_id));
insert into worker_run (worker, last_success_at_ms, report)
  select 'record-cleanup', now_ms(), object('pruned',
    (select count(*) from idempotency where expires_at_ms <= now_ms() and idempotency_key in (select scalar(item.value) from each(:records, item)))
    + (select count(*) from outbox where outbox_id in (select integer(scalar(item.value)) from each(:events, item)))
    + (select count(*) from each(:confirms, item) join confirm_key as k on k.owner = item.value ->> 'owner' and k.idempotency_key = item.value ->> 'key'
      where k.created_at_ms <= now_ms() - :retention_ms)
    + (select count(*) from checkout_session where session_id in (select scalar(item.value) from each(:sessions, item)))
    + (select count(*) from inbox where (source, event_id) in (select item.value ->> 'source', item.value ->> 'event_id' from each(:webhooks, item)))
    + (select count(*) from data_key where used_at_ms <= now_ms() - :retention_ms and owner in (select scalar(item.value) from each(:data_keys, item)))) where true
  on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
insert into counter (name, value) select 'records_pruned_total', integer(report ->> 'pruned') from worker_run where worker = 'record-cleanup'
  on conflict (name) do update set value = counter.value + excluded.value;
delete from idempotency where expires_at_ms <= now_ms() and idempotency_key in (select scalar(item.value) from each(:records, item));
delete from delivery where outbox_id in (select integer(scalar(item.value)) from each(:events, item));
delete from outbox where outbox_id in (select integer(scalar(item.value)) from each(:events, item));
delete from confirm_key where created_at_ms <= now_ms() - :retention_ms
  and (owner, idempotency_key) in (select item.value ->> 'owner', item.value ->> 'key' from each(:confirms, item));
delete from checkout_session where session_id in (select scalar(item.value) from each(:sessions, item));
delete from inbox where (source, event_id) in (select item.value ->> 'source', item.value ->> 'event_id' from each(:webhooks, item));
delete from data_key where used_at_ms <= now_ms() - :retention_ms and owner in (select scalar(item.value) from each(:data_keys, item));
returning
(select report from worker_run where worker = 'record-cleanup')
