-- A live cart that is not gone by the clock (CART-10): its time has not come, or a confirm holds it.
create or replace function unexpired(c cart) returns boolean language sql stable as $$
  select c.expires_at_ms > now_ms() or c.saga_id is not null
$$;
