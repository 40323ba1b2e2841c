-- What a change of one line assigned, laid over the part of the reply that was known before.
create or replace function line_receipt(doc jsonb) returns jsonb language plpgsql stable as $$
begin
  return (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('cart_id', c.cart_id, 'version', c.version,
      'quantity', coalesce((select quantity from cart_line as l where l.cart_id = c.cart_id and l.sku = doc ->> 'sku'), 0))
    from cart as c where c.cart_id = doc ->> 'cart_id');
end
$$;
