-- A try that was right counts no more.
-- in: subject text
update attempt_window set attempts = attempts - 1 where subject = :subject and attempts > 0
returning object('attempts', attempts)
