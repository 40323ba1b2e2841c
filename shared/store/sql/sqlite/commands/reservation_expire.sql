-- Gives expired reservations back to stock, oldest first (STOCK-4). An order that is being made meanwhile finds them gone and is refused.
-- in: limit
update reservation set status = 'releasing'
  where reservation_id in (select reservation_id from reservation where status = 'active' and expires_at_ms <= now_ms() order by expires_at_ms limit :limit);
insert into counter (name, value) select 'reservations_expired_total', count(*) from reservation where status = 'releasing'
  on conflict (name) do update set value = value + excluded.value;
insert into worker_run (worker, last_success_at_ms, report)
  select 'reservation-cleanup', now_ms(), json_object('done', count(*)) from reservation where status = 'releasing'
  on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
@release
returning
(select report from worker_run where worker = 'reservation-cleanup')
