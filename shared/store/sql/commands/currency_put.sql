-- Adds or replaces a currency that is sold in (PRICE-1, CAT-2), with who did it (SEC-4). How many digits it has is part of what every price
-- in it means, so with prices it keeps them.
-- in: subject text, actor text, currency text, minor_digits bigint, minimum_minor bigint, ceiling_minor bigint, point_value_minor bigint?
-- refuses: used_by_prices
perform hold_subject(:subject); -- only postgres
refuse 'used_by_prices' where exists (select 1 from currency where currency = :currency and minor_digits <> :minor_digits)
  and (exists (select 1 from price where currency = :currency)
    or exists (select 1 from special_price where currency = :currency));
@append_change(:subject, 'put', :actor, (select @currency_json(c) from currency as c where c.currency = :currency),
  object('currency', :currency, 'minor_digits', :minor_digits, 'minimum_minor', :minimum_minor, 'ceiling_minor', :ceiling_minor,
    'point_value_minor', :point_value_minor))
insert into currency (currency, minor_digits, minimum_minor, ceiling_minor, point_value_minor)
  values (:currency, :minor_digits, :minimum_minor, :ceiling_minor, :point_value_minor)
  on conflict (currency) do update set minor_digits = excluded.minor_digits, minimum_minor = excluded.minimum_minor, ceiling_minor = excluded.ceiling_minor,
    point_value_minor = excluded.point_value_minor;
returning
(select @currency_json(c) from currency as c where c.currency = :currency)
