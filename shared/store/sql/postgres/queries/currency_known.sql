-- Whether a currency is supported (PRICE-1).
-- in: currency
select jsonb_build_object('currency', currency)::text from currency where currency = :currency
