-- Behind the shop's baseline and demo goods, of which only the tables stay that an add and a look at a cart name: 1,000 carts of
-- three lines.
update stock set on_hand = 1000000;
insert into cart (cart_id, owner, status, currency, country, version, saga_id, created_at_ms, updated_at_ms, expires_at_ms)
  with recursive n (i) as (select 0 union all select i + 1 from n where i < 999)
  select 'cart-' || i, 'owner-' || i, 'active', 'USD', 'VN', 1, null, 0, 0, 9007199254740991 from n;
insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
  select cart_id, sku, 1, 1009, 0 from cart, (select sku from sku order by sku limit 3);
vacuum;
