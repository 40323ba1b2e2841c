-- What somebody made of an entry, appended (SEC-4), unless it is as it was. Whoever does it holds the subject, so no two draw one number.
-- function: (of_subject text, what text, of_actor text, was jsonb, becomes jsonb) returns void language plpgsql
insert into history (subject, seq, kind, actor, reason, at_ms, data)
  select of_subject, (select coalesce(max(seq), 0) + 1 from history where subject = of_subject), what, of_actor, null, now_ms(),
    object('before', document(was), 'after', document(becomes))
  where was is distinct from becomes;
