-- The order, as it was read and in a state that allows what is asked, at a version the caller accepts (null = any).
-- postgres: order_at(doc)
-- only with if_versions
select raise(abort, 'version_conflict') where :if_versions is not null
  and not exists (select 1 from orders, json_each(:if_versions) as seen where order_id = :order_id and version = seen.value);
select raise(abort, 'order_changed') where not exists (select 1 from orders, json_each(:legal_from) as legal
    where order_id = :order_id and version = :order_version and status = legal.value);
