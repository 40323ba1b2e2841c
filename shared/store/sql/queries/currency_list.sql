-- Every currency that is sold in, with what one payment may be (PRICE-1, CHK-10); above a code, of which the empty one is below all.
-- in: above text
select object('currency', currency, 'minor_digits', minor_digits, 'minimum_minor', minimum_minor, 'ceiling_minor', ceiling_minor)
from currency where currency > :above order by currency
