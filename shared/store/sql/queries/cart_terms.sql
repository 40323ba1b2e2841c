-- Whether the shop sells in a currency (PRICE-1), and sends to a country.
-- in: currency text, country text
select object('currency', flag(exists (select 1 from currency where currency = :currency)),
  'country', flag(exists (select 1 from zone where country = :country)))
