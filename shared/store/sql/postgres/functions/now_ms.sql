-- The database's clock plus the offset that only tests move. One instant for all of a statement, as on SQLite.
create or replace function now_ms() returns bigint language plpgsql stable as $$
begin
  return (select (extract(epoch from statement_timestamp()) * 1000)::bigint + (select offset_ms from clock));
end
$$;
