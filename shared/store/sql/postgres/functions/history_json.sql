-- What people and programs did to a subject, oldest first.
create or replace function history_json(of_subject text) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(h) - 'subject' order by seq), '[]') from history as h where h.subject = of_subject
$$;
