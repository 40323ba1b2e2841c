-- What methods cost, by zone, currency and method, above a cursor (`us/USD/standard`).
-- in: zone text?, currency text?, cursor text, limit bigint
select @rates_json(r.zone, r.currency, r.method_id)
from (select distinct zone, currency, method_id from shipping_rate
  where (:zone is null or zone = :zone) and (:currency is null or currency = :currency)) as r
where r.zone || '/' || r.currency || '/' || r.method_id > :cursor
order by r.zone || '/' || r.currency || '/' || r.method_id limit :limit
