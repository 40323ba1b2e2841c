-- The order, as it was read and in a state that allows what is asked, at a version the caller accepts (null = any), and locked.
create or replace function order_at(doc jsonb) returns void language plpgsql as $$
declare
  the_order orders;
begin
  select * into the_order from orders where order_id = doc ->> 'order_id' for update;
  if doc ->> 'if_versions' is not null and not coalesce(doc -> 'if_versions' @> to_jsonb(the_order.version), false) then
    raise exception 'version_conflict';
  end if;
  if (the_order.version = (doc ->> 'order_version')::bigint and doc -> 'legal_from' @> to_jsonb(the_order.status)) is not true then
    raise exception 'order_changed';
  end if;
end
$$;
