-- Taxes of all zones or of one, above a cursor (`us-ca/standard`).
-- in: zone text?, cursor text, limit bigint
select @tax_json(tax) from tax where (:zone is null or tax.zone = :zone) and tax.zone || '/' || tax.tax_class > :cursor
order by tax.zone || '/' || tax.tax_class limit :limit
