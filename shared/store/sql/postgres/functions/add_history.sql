-- What somebody did to a subject, appended. Whoever calls it holds the subject's row, so no two draw one number.
create or replace function add_history(of_subject text, what text, doc jsonb, facts jsonb) returns void language plpgsql as $$
begin
  insert into history (subject, seq, kind, actor, reason, at_ms, data)
    values (of_subject, (select coalesce(max(seq), 0) + 1 from history where subject = of_subject), what, doc ->> 'actor', doc ->> 'reason', now_ms(), facts);
end
$$;
