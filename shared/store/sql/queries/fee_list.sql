-- Fees of all currencies or of one, above a cursor (`USD/red`).
-- in: currency text?, cursor text, limit bigint
select @fee_json(fee) from fee where (:currency is null or fee.currency = :currency) and fee.currency || '/' || fee.fee_id > :cursor
order by fee.currency || '/' || fee.fee_id limit :limit
