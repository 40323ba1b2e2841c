-- What currencies were worth in others, above a cursor (`EUR/GBP/1893456000000`).
-- in: from text?, to text?, cursor text, limit bigint
select @exchange_rate_json(exchange_rate) from exchange_rate
where (:from is null or exchange_rate.from_currency = :from) and (:to is null or exchange_rate.to_currency = :to)
  and exchange_rate.from_currency || '/' || exchange_rate.to_currency || '/' || exchange_rate.quoted_at_ms > :cursor
order by exchange_rate.from_currency || '/' || exchange_rate.to_currency || '/' || exchange_rate.quoted_at_ms limit :limit
