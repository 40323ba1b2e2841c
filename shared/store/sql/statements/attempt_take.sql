-- Counts a try of a subject in the period that it is, before it is made, so that many at once are no more than one after another; beyond `most`
-- no more are counted. Answers how many there were, and when the next period begins.
-- in: subject text, period_ms bigint, most bigint
insert into attempt_window (subject, period, attempts) select :subject, now_ms() / :period_ms, 1 where true
  on conflict (subject) do update set period = excluded.period,
    attempts = case when attempt_window.period = excluded.period then smaller(attempt_window.attempts + 1, :most + 1) else 1 end
returning object('attempts', attempts, 'wait_ms', (period + 1) * :period_ms - now_ms())
