-- How many wrong tries of a subject there were in the period that it is, and when the next begins.
-- in: subject text, period_ms bigint
select object('attempts', attempts, 'wait_ms', (period + 1) * :period_ms - now_ms()) from attempt_window
where subject = :subject and period = now_ms() / :period_ms
