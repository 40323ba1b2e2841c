-- A worker's last success (WRK-6).
-- in: worker text, report json_text
insert into worker_run (worker, last_success_at_ms, report) select :worker, now_ms(), :report where true
  on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report
returning object('at_ms', last_success_at_ms)
