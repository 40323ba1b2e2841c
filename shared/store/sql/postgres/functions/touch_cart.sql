-- One change, one version; and the cart's time begins anew.
create or replace function touch_cart(doc jsonb) returns void language plpgsql as $$
begin
  update cart set version = version + 1, updated_at_ms = now_ms(), expires_at_ms = greatest(expires_at_ms, now_ms() + (doc ->> 'cart_idle_ms')::bigint)
    where cart_id = doc ->> 'cart_id';
end
$$;
