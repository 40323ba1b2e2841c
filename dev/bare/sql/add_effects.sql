create temp trigger cart_add instead of insert on command when new.name = 'add' begin
  insert into cart_line (cart_id, sku, quantity, price_minor, added_at_ms)
    values (new.doc ->> 'cart_id', new.doc ->> 'sku', 1, new.doc ->> 'price_minor', 1)
    on conflict (cart_id, sku) do update set quantity = quantity + 1;
  update cart set version = version + 1, updated_at_ms = updated_at_ms + 1 where cart_id = new.doc ->> 'cart_id';
  insert into outbox (event_id, aggregate, data, state)
    values (new.doc ->> 'event_id', 'cart/' || (new.doc ->> 'cart_id'), new.doc, 'pending');
end
