-- Says how a class is taxed in a zone (CAT-2), with who did it (SEC-4). A zone needs no row first: the tables may be filled in any order.
-- in: subject text, actor text, zone text, tax_class text, rate text, inclusive boolean, rounding text
perform hold_subject(:subject); -- only postgres
@append_change(:subject, 'put', :actor, (select @tax_json(t) from tax as t where t.zone = :zone and t.tax_class = :tax_class),
  object('zone', :zone, 'tax_class', :tax_class, 'rate', :rate, 'inclusive', flag(:inclusive), 'rounding', :rounding))
insert into tax (zone, tax_class, rate, inclusive, rounding) values (:zone, :tax_class, :rate, number(:inclusive), :rounding)
  on conflict (zone, tax_class) do update set rate = excluded.rate, inclusive = excluded.inclusive, rounding = excluded.rounding;
returning
(select @tax_json(t) from tax as t where t.zone = :zone and t.tax_class = :tax_class)
