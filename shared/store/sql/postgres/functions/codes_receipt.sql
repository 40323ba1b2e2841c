-- The codes that a cart has now, laid over the part of the reply that was known before.
create or replace function codes_receipt(doc jsonb) returns jsonb language plpgsql as $$
begin
  return (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('cart_id', cart.cart_id, 'version', cart.version, 'codes',
      (select coalesce(jsonb_agg(c.code order by c.code), '[]') from cart_code as c where c.cart_id = cart.cart_id))
    from cart where cart_id = doc ->> 'cart_id');
end
$$;
