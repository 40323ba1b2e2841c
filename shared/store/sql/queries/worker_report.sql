-- What a worker's last success said.
-- in: worker text
select report from worker_run where worker = :worker
