-- Until this statement has committed nobody else changes the subject: it may have no row yet that could be locked.
create or replace function hold_subject(subject text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(subject, 0))
$$;
