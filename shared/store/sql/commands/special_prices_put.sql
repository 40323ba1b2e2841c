-- Says what a SKU costs in a currency besides its plain price (PRICE-5), with who did it (SEC-4): these prices and no others, in the order of their
-- keys, as they are read: so what changes nothing is seen to. A plain price in that currency may come later; until then it is not sold in it.
-- in: subject text, actor text, sku text, currency text, prices jsonb
-- refuses: currency_unsupported, sku_unknown, price_not_positive
perform hold_subject(:subject); -- only postgres
-- What is named stays until this has committed.
perform 1 from currency where currency = :currency for key share; -- only postgres
refuse 'currency_unsupported' where not exists (select 1 from currency where currency = :currency);
refuse 'sku_unknown' where not exists (select 1 from sku where sku = :sku);
@append_change(:subject, 'put', :actor, @special_prices_json(:sku, :currency),
  (select object('sku', :sku, 'currency', :currency,
      'prices', document(list(object('customer_group', price.value ->> 'customer_group', 'min_quantity', integer(price.value ->> 'min_quantity'),
        'valid_from_ms', integer(price.value ->> 'valid_from_ms'), 'valid_until_ms', integer(price.value ->> 'valid_until_ms'),
        'amount_minor', integer(price.value ->> 'amount_minor')))))
    from each(:prices, price)))
delete from special_price where sku = :sku and currency = :currency;
insert into special_price (sku, currency, customer_group, min_quantity, valid_from_ms, valid_until_ms, amount_minor)
  select :sku, :currency, coalesce(price.value ->> 'customer_group', ''), integer(price.value ->> 'min_quantity'),
    integer(price.value ->> 'valid_from_ms'), integer(price.value ->> 'valid_until_ms'), integer(price.value ->> 'amount_minor')
  from each(:prices, price);
returning
@special_prices_json(:sku, :currency)
