-- Whether a currency is supported (PRICE-1).
-- in: currency text
select object('currency', currency) from currency where currency = :currency
