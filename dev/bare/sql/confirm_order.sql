create temp trigger confirm_order instead of insert on command when new.name = 'order' begin
  insert into order_counter (day, last) values ('today', 1) on conflict (day) do update set last = last + 1;
  insert into orders (order_id, order_number, cart_id, owner, status, doc)
    select new.doc ->> 'id', 'ORD-' || last, new.doc ->> 'id', new.doc ->> 'id', 'confirmed', new.doc from order_counter where day = 'today';
  insert into order_line (order_id, line_no, sku, doc) values
    (new.doc ->> 'id', 1, new.doc ->> 'a', new.doc ->> 'line'), (new.doc ->> 'id', 2, new.doc ->> 'b', new.doc ->> 'line'), (new.doc ->> 'id', 3, new.doc ->> 'c', new.doc ->> 'line');
  insert into stock_movement (sku, kind, quantity, reference) values
    (new.doc ->> 'a', 'commit', -1, new.doc ->> 'id'), (new.doc ->> 'b', 'commit', -1, new.doc ->> 'id'), (new.doc ->> 'c', 'commit', -1, new.doc ->> 'id');
  update stock set on_hand = on_hand - 1, reserved = reserved - 1 where sku = new.doc ->> 'a' and warehouse_id = 'wh-hanoi';
  update stock set on_hand = on_hand - 1, reserved = reserved - 1 where sku = new.doc ->> 'b' and warehouse_id = 'wh-hanoi';
  update stock set on_hand = on_hand - 1, reserved = reserved - 1 where sku = new.doc ->> 'c' and warehouse_id = 'wh-hanoi';
  update reservation set status = 'committed', expires_at_ms = null where session_id = new.doc ->> 'id';
  update payment set state = 'capture_pending', reference = new.doc ->> 'reference' where saga_id = new.doc ->> 'id';
  update saga set state = 'capturing' where saga_id = new.doc ->> 'id';
  update checkout_session set status = 'completed' where session_id = new.doc ->> 'session_id';
  update cart set status = 'completed', version = version + 1 where cart_id = new.doc ->> 'cart_id';
  insert into order_history (order_id, seq, to_status) values (new.doc ->> 'id', 1, 'confirmed');
  insert into outbox (event_id, aggregate, data, state) values
    ((new.doc ->> 'id') || 1, 'order/' || (new.doc ->> 'id'), new.doc ->> 'line', 'pending'), ((new.doc ->> 'id') || 2, 'order/' || (new.doc ->> 'id'), new.doc ->> 'line', 'pending'),
    ((new.doc ->> 'id') || 3, 'cart/' || (new.doc ->> 'cart_id'), new.doc ->> 'line', 'pending'), ((new.doc ->> 'id') || 4, 'order/' || (new.doc ->> 'id'), new.doc ->> 'line', 'pending');
end
