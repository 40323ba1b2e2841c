-- Whether a currency is supported (PRICE-1).
-- in: currency
select json_object('currency', currency) from currency where currency = :currency
