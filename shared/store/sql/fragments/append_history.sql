-- What somebody did to a subject, appended. Whoever does it holds the subject's row, so no two draw one number.
-- function: (of_subject text, what text, of_actor text, of_reason text, facts jsonb) returns void language plpgsql
insert into history (subject, seq, kind, actor, reason, at_ms, data)
  values (of_subject, (select coalesce(max(seq), 0) + 1 from history where subject = of_subject), what, of_actor, of_reason, now_ms(), facts);
