-- Currencies that are sold in, above a cursor.
-- in: cursor text, limit bigint
select @currency_json(c) from currency as c where c.currency > :cursor order by c.currency limit :limit
