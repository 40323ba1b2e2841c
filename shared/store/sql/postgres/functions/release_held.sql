-- Gives back what a session holds, if that is wanted.
create or replace function release_held(of_session text, wanted boolean) returns void language plpgsql as $$
begin
  if wanted then perform release_reservations(lock_held(of_session)); end if;
end
$$;
