-- The owner's live cart, not held by a confirm, at a version the caller accepts (null = any), and locked: whoever
-- else would change it waits, and then meets it as it will be. With a `cancel_id` an attempt that waits for its buyer ends: they want another cart
-- than the one it pays for.
create or replace function lock_editable_cart(doc jsonb) returns void language plpgsql as $$
declare
  the_cart cart;
begin
  select * into the_cart from cart as c
    where cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c) for update;
  if not found then raise exception 'cart_not_found'; end if;
  if supersede(doc) is null and the_cart.saga_id is not null then raise exception 'cart_locked'; end if;
  if doc ->> 'if_versions' is not null and not doc -> 'if_versions' @> to_jsonb(the_cart.version) then
    raise exception 'version_conflict';
  end if;
end
$$;
