-- What the bare confirm touches, and nothing else: the tables a confirm writes, with its keys and indexes, a column of text for
-- what is only kept. 1,000 sessions, 99 SKUs.
pragma journal_mode = wal;
begin;
create table cart (cart_id text primary key, status text not null, version integer not null, saga_id text) without rowid;
create table cart_line (cart_id text, sku text, quantity integer not null, primary key (cart_id, sku)) without rowid;
create table checkout_session (session_id text primary key, cart_id text not null, status text not null, doc text not null) without rowid;
create table sku (sku text primary key, name text not null, price_minor integer not null) without rowid;
create table stock (sku text, warehouse_id text, on_hand integer not null, reserved integer not null, primary key (sku, warehouse_id)) without rowid;
create table stock_movement (movement_id integer primary key, sku text not null, kind text not null, quantity integer not null, reference text not null);
create table reservation (reservation_id text primary key, session_id text not null, sku text not null, status text not null, expires_at_ms integer) without rowid;
create index reservation_by_session on reservation (session_id);
create index reservation_due on reservation (expires_at_ms) where status = 'active';
create table saga (saga_id text primary key, owner text not null, state text not null, next_attempt_at_ms integer not null, doc text not null) without rowid;
create unique index saga_live_per_owner on saga (owner) where state = 'authorizing';
create table confirm_key (owner text, idempotency_key text, saga_id text not null, primary key (owner, idempotency_key)) without rowid;
create index saga_due on saga (next_attempt_at_ms) where state in ('authorizing', 'capturing');
create table payment (payment_id text primary key, saga_id text not null, reference text, state text not null, amount_minor integer not null, captured_minor integer not null) without rowid;
create unique index payment_of_saga on payment (saga_id);
create unique index payment_reference on payment (reference);
create table order_counter (day text primary key, last integer not null) without rowid;
create table orders (order_id text primary key, order_number text not null, cart_id text not null, owner text not null, status text not null, doc text not null) without rowid;
create unique index order_number on orders (order_number);
create unique index order_of_cart on orders (cart_id);
create index order_by_owner on orders (owner, order_id);
create index order_by_status on orders (status, order_id);
create table order_line (order_id text, line_no integer, sku text not null, doc text not null, primary key (order_id, line_no)) without rowid;
create table order_history (order_id text, seq integer, to_status text not null, primary key (order_id, seq)) without rowid;
create table outbox (outbox_id integer primary key, event_id text not null, aggregate text not null, data text not null, state text not null);
create index outbox_pending on outbox (outbox_id) where state = 'pending';
create index outbox_of_aggregate on outbox (aggregate, outbox_id) where state = 'pending';
create view command (name, doc) as select null, null where 0;
insert into sku with recursive n (i) as (select 1 union all select i + 1 from n where i < 99)
  select printf('TILL-%04d', i), 'Goods no. ' || i, 999 + 10 * i from n;
insert into stock select sku, warehouse_id, 1000000000, 0 from sku, (select 'wh-hanoi' as warehouse_id union all select 'wh-newark');
insert into cart with recursive n (i) as (select 0 union all select i + 1 from n where i < 999)
  select 'cart-' || i, 'checkout', 1, null from n;
insert into cart_line select cart_id, sku, 1 from cart, (select sku from sku limit 3);
insert into checkout_session select 'session-' || substr(cart_id, 6), cart_id, 'open', printf('%.*c', 1500, 's') from cart;
commit;
