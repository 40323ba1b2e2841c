-- What one of a SKU costs who buys so many of it: the plain price, or the lowest of the special prices that run now, are for no more than that, and are
-- for everyone or the customer's group (PRICE-5). Null in a currency without a plain price: it is not sold in that one.
-- function: (of_sku text, in_currency text, of_owner text, of_quantity bigint) returns bigint language plpgsql
(select smaller(plain.amount_minor, coalesce((select min(special.amount_minor) from special_price as special
    where special.sku = plain.sku and special.currency = plain.currency and special.min_quantity <= of_quantity and special.valid_from_ms <= now_ms()
      and (special.valid_until_ms is null or special.valid_until_ms > now_ms())
      and special.customer_group in ('', (select buyer.customer_group from customer as buyer
        where buyer.customer_id = substr(of_owner, 10) and of_owner like 'customer:%'))), plain.amount_minor))
  from price as plain where plain.sku = of_sku and plain.currency = in_currency)
