-- One change, one version.
create or replace function touch_cart(doc jsonb) returns void language plpgsql as $$
begin
  update cart set version = version + 1, updated_at_ms = now_ms() where cart_id = doc ->> 'cart_id';
end
$$;
