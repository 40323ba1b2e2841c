-- Every currency that is sold in, with what one payment may be (PRICE-1, CHK-10); above a code, of which the empty one is below all.
-- in: above text
select @currency_json(c) from currency as c where c.currency > :above order by c.currency
