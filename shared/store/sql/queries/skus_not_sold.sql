-- Which of these SKUs are not sold in a currency.
-- in: skus jsonb, currency text
select object('sku', scalar(asked.value)) from each(:skus, asked)
where not exists (select 1 from price where price.sku = scalar(asked.value) and price.currency = :currency)
