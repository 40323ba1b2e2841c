create temp trigger confirm_claim instead of insert on command when new.name = 'claim' begin
  insert into confirm_key (owner, idempotency_key, saga_id) values (new.doc ->> 'id', 'load', new.doc ->> 'id');
  insert into saga (saga_id, owner, state, next_attempt_at_ms, doc) values (new.doc ->> 'id', new.doc ->> 'id', 'authorizing', 1, new.doc);
  update cart set saga_id = new.doc ->> 'id' where cart_id = new.doc ->> 'cart_id';
  update stock set reserved = reserved + 1 where sku = new.doc ->> 'a' and warehouse_id = 'wh-hanoi';
  update stock set reserved = reserved + 1 where sku = new.doc ->> 'b' and warehouse_id = 'wh-hanoi';
  update stock set reserved = reserved + 1 where sku = new.doc ->> 'c' and warehouse_id = 'wh-hanoi';
  insert into reservation (reservation_id, session_id, sku, status, expires_at_ms) values
    ((new.doc ->> 'id') || 'a', new.doc ->> 'id', new.doc ->> 'a', 'active', 1),
    ((new.doc ->> 'id') || 'b', new.doc ->> 'id', new.doc ->> 'b', 'active', 1),
    ((new.doc ->> 'id') || 'c', new.doc ->> 'id', new.doc ->> 'c', 'active', 1);
  insert into stock_movement (sku, kind, quantity, reference) values
    (new.doc ->> 'a', 'reserve', 1, new.doc ->> 'id'), (new.doc ->> 'b', 'reserve', 1, new.doc ->> 'id'), (new.doc ->> 'c', 'reserve', 1, new.doc ->> 'id');
  insert into payment (payment_id, saga_id, state, amount_minor, captured_minor) values (new.doc ->> 'id', new.doc ->> 'id', 'pending', 4000, 0);
end
