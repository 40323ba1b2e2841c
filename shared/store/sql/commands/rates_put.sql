-- Says what a method costs in a zone and a currency (SHIP-1, CAT-2), with who did it (SEC-4): these rates and no others, in the order of their
-- keys, as they are read: so what changes nothing is seen to. A zone needs no row
-- first: the tables may be filled in any order.
-- in: subject text, actor text, zone text, currency text, method_id text, rates jsonb
-- refuses: currency_unsupported, entry_unknown, warehouse_unknown
perform hold_subject(:subject); -- only postgres
-- What is named stays until this has committed.
perform 1 from currency where currency = :currency for key share; -- only postgres
perform 1 from shipping_method where method_id = :method_id for key share; -- only postgres
perform 1 from warehouse where warehouse_id in (select rate.value ->> 'warehouse_id' from each(:rates, rate)) order by warehouse_id for key share; -- only postgres
refuse 'currency_unsupported' where not exists (select 1 from currency where currency = :currency);
refuse 'entry_unknown' where not exists (select 1 from shipping_method where method_id = :method_id);
refuse 'warehouse_unknown' where exists (select 1 from each(:rates, rate)
  where rate.value ->> 'warehouse_id' is not null and rate.value ->> 'warehouse_id' not in (select warehouse_id from warehouse));
@append_change(:subject, 'put', :actor, @rates_json(:zone, :currency, :method_id),
  (select object('zone', :zone, 'currency', :currency, 'method_id', :method_id,
      'rates', document(list(object('warehouse_id', rate.value ->> 'warehouse_id', 'min_weight_g', integer(rate.value ->> 'min_weight_g'),
        'min_subtotal_minor', integer(rate.value ->> 'min_subtotal_minor'), 'amount_minor', integer(rate.value ->> 'amount_minor')))))
    from each(:rates, rate)))
delete from shipping_rate where zone = :zone and currency = :currency and method_id = :method_id;
insert into shipping_rate (zone, currency, method_id, warehouse_id, min_weight_g, min_subtotal_minor, amount_minor)
  select :zone, :currency, :method_id, coalesce(rate.value ->> 'warehouse_id', ''), integer(rate.value ->> 'min_weight_g'),
    integer(rate.value ->> 'min_subtotal_minor'), integer(rate.value ->> 'amount_minor')
  from each(:rates, rate);
returning
@rates_json(:zone, :currency, :method_id)
