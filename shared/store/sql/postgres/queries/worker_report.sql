-- What a worker's last success said.
-- in: worker
select report::text from worker_run where worker = :worker
