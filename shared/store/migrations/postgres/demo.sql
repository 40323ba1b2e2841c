-- The demo shop, row for row that of SQLite. Safe to run again.
begin;
select pg_advisory_xact_lock(hashtext('edgetill schema'));
insert into warehouse (warehouse_id, name, country, priority) values
  ('wh-hanoi', 'Hanoi', 'VN', 1), ('wh-newark', 'Newark', 'US', 2) on conflict do nothing;

insert into zone (country, region, zone) values
  ('VN', '', 'vn'), ('US', '', 'us'), ('US', 'CA', 'us-ca'), ('US', 'NY', 'us-ny'), ('GB', '', 'gb'), ('DE', '', 'de'), ('FR', '', 'fr')
  on conflict do nothing;
-- Rates of the demo, not tax advice. Europe and Vietnam quote prices with tax, the United States without.
insert into tax (zone, tax_class, rate, inclusive) values
  ('vn', 'standard', '0.10', 1), ('vn', 'reduced', '0.05', 1), ('vn', 'shipping', '0.10', 1),
  ('us', 'standard', '0', 0), ('us', 'reduced', '0', 0), ('us', 'shipping', '0', 0),
  ('us-ca', 'standard', '0.0725', 0), ('us-ca', 'reduced', '0', 0), ('us-ca', 'shipping', '0', 0),
  ('us-ny', 'standard', '0.08875', 0), ('us-ny', 'reduced', '0', 0), ('us-ny', 'shipping', '0.08875', 0),
  ('gb', 'standard', '0.20', 1), ('gb', 'reduced', '0.05', 1), ('gb', 'shipping', '0.20', 1),
  ('de', 'standard', '0.19', 1), ('de', 'reduced', '0.07', 1), ('de', 'shipping', '0.19', 1),
  ('fr', 'standard', '0.20', 1), ('fr', 'reduced', '0.055', 1), ('fr', 'shipping', '0.20', 1)
  on conflict do nothing;

insert into shipping_method (method_id, name, active) values ('standard', 'Standard', 1), ('express', 'Express', 1) on conflict do nothing;
-- Standard and express everywhere, by weight; standard is free above a subtotal (100 USD, EUR, GBP; 1,000,000 VND).
insert into shipping_rate (zone, currency, method_id, warehouse_id, min_weight_g, min_subtotal_minor, amount_minor)
  select z.zone, c.currency, method_id, '', min_weight_g, 0, case when c.currency = 'VND' then amount * 250 else amount end
  from (select distinct zone from zone) as z cross join currency as c
  cross join (values ('standard', 0, 500), ('standard', 5000, 1200), ('express', 0, 1500), ('express', 5000, 3000)) as rate (method_id, min_weight_g, amount)
  on conflict do nothing;
insert into shipping_rate (zone, currency, method_id, warehouse_id, min_weight_g, min_subtotal_minor, amount_minor)
  select z.zone, c.currency, 'standard', '', min_weight_g, case when c.currency = 'VND' then 1000000 else 10000 end, 0
  from (select distinct zone from zone) as z cross join currency as c cross join (values (0), (5000)) as rate (min_weight_g)
  on conflict do nothing;

insert into sku (sku, product_id, name, category, tax_class, weight_g, active)
  with look (number, colour, tea) as (values
    (1, 'cream', 'Sencha'), (2, 'white', 'Genmaicha'), (3, 'sand', 'Matcha'), (4, 'ochre', 'Gyokuro'), (5, 'mustard', 'Hojicha'),
    (6, 'saffron', 'Longjing'), (7, 'coral', 'Gunpowder'), (8, 'brick', 'Jasmine'), (9, 'cherry', 'Lotus'), (10, 'plum', 'Oolong'),
    (11, 'violet', 'Tieguanyin'), (12, 'lavender', 'Pu-erh'), (13, 'indigo', 'Lapsang Souchong'), (14, 'navy', 'Keemun'),
    (15, 'cobalt', 'Yunnan'), (16, 'sky', 'Assam'), (17, 'teal', 'Darjeeling'), (18, 'mint', 'Ceylon'), (19, 'sage', 'Nilgiri'),
    (20, 'olive', 'Earl Grey'), (21, 'forest', 'Chai'), (22, 'slate', 'Rooibos'), (23, 'ash', 'Peppermint'),
    (24, 'charcoal', 'Chamomile'), (25, 'black', 'Hibiscus'))
  select 'TILL-' || lpad(i::text, 4, '0'), 'product-' || lpad(((i + 3) / 4)::text, 3, '0'),
    case i % 4 when 0 then 'Enamel mug, 350 ml, ' || colour when 1 then 'Soup bowl, 500 ml, ' || colour
      when 2 then 'Dinner plate, 27 cm, ' || colour else tea || ' tea, 100 g' end,
    case i % 4 when 3 then 'food' else 'tableware' end, case i % 4 when 3 then 'reduced' else 'standard' end,
    case i % 4 when 3 then 120 else 350 end, 1
  from generate_series(1, 100) as i join look on number = (i + 3) / 4 on conflict do nothing;
insert into price (sku, currency, amount_minor)
  select s.sku, c.currency, case c.currency when 'VND' then 250000 + 1000 * number else 999 + 10 * number end
  from (select sku, substr(sku, 6)::bigint as number from sku where sku like 'TILL-%') as s cross join currency as c
  on conflict do nothing;

-- Stock comes in as movements, like all stock; the last SKU is nearly sold out.
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select s.sku, w.warehouse_id, 'receive', case when s.sku <> 'TILL-0100' then 1000 when w.warehouse_id = 'wh-hanoi' then 10 else 0 end, 0, 'demo',
    (extract(epoch from clock_timestamp()) * 1000)::bigint
  from sku as s cross join warehouse as w
  where s.sku like 'TILL-%' and not exists (select from stock where stock.sku like 'TILL-%')
  order by s.sku, w.warehouse_id;
insert into stock (sku, warehouse_id, on_hand, reserved)
  select sku, warehouse_id, sum(on_hand_delta), 0 from stock_movement where reference = 'demo' group by sku, warehouse_id
  on conflict do nothing;

-- Ten percent off for who has the code WELCOME.
insert into promotion (promotion_id, version, rule, active, by_code, only_currency, starts_at_ms, ends_at_ms, uses, spent_minor)
  values ('welcome', 1, '{"name":"Ten percent off","kind":{"percent":{"basis_points":1000}},"target":"goods","conditions":{"code":true}}', 1, 1, '', 0, 9007199254740991, 0, 0)
  on conflict do nothing;
insert into promotion_code (code, promotion_id, uses, active, created_at_ms) values ('WELCOME', 'welcome', 0, 1, 0) on conflict do nothing;
commit;
