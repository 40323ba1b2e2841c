-- The reservations a session holds, locked. Reservations come before stock, always: who waits for stock holds
-- all reservations it will need.
create or replace function lock_held(of_session text) returns text[] language plpgsql as $$
begin
  return (select array(select reservation_id from reservation where session_id = of_session and status = 'active' order by reservation_id for update));
end
$$;
