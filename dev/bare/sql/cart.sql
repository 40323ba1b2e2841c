-- What the bare add and the bare look at a cart touch, and nothing else: 1,000 carts of three lines, 99 SKUs.
pragma journal_mode = wal;
begin;
create table cart (cart_id text primary key, owner text not null, status text not null, version integer not null, updated_at_ms integer not null) without rowid;
create unique index cart_per_owner on cart (owner);
create table cart_line (cart_id text, sku text, quantity integer not null, price_minor integer not null, added_at_ms integer not null, primary key (cart_id, sku)) without rowid;
create table sku (sku text primary key, name text not null, price_minor integer not null) without rowid;
create table stock (sku text, warehouse_id text, on_hand integer not null, reserved integer not null, primary key (sku, warehouse_id)) without rowid;
create table outbox (outbox_id integer primary key, event_id text not null, aggregate text not null, data text not null, state text not null);
create index outbox_pending on outbox (outbox_id) where state = 'pending';
create index outbox_of_aggregate on outbox (aggregate, outbox_id) where state = 'pending';
create view command (name, doc) as select null, null where 0;
insert into sku with recursive n (i) as (select 1 union all select i + 1 from n where i < 99)
  select printf('TILL-%04d', i), 'Goods no. ' || i, 999 + 10 * i from n;
insert into stock select sku, warehouse_id, 1000000, 0 from sku, (select 'wh-hanoi' as warehouse_id union all select 'wh-newark');
insert into cart with recursive n (i) as (select 0 union all select i + 1 from n where i < 999)
  select 'cart-' || i, 'owner-' || i, 'active', 1, 0 from n;
insert into cart_line select cart_id, sku, 1, price_minor, 0 from cart, (select * from sku limit 3);
commit;
