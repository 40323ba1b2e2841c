-- A worker's last success (WRK-6).
-- in: worker, report
insert into worker_run (worker, last_success_at_ms, report) values (:worker, now_ms(), :report::jsonb)
  on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report
returning jsonb_build_object('at_ms', last_success_at_ms)::text
