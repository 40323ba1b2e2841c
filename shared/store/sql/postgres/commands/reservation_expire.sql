-- Gives expired reservations back to stock, oldest first (STOCK-4). An order that is being made meanwhile finds them gone and is refused.
-- in: limit
create or replace function reservation_expire(doc jsonb) returns jsonb language plpgsql as $$
declare
  due text[];
  answer jsonb;
begin
  -- What someone else holds is being sold or given back already.
  due := (select array(select reservation_id from reservation where status = 'active' and expires_at_ms <= now_ms()
    order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  perform release_reservations(due);
  answer := jsonb_build_object('done', cardinality(due));
  insert into counter (name, value) values ('reservations_expired_total', cardinality(due))
    on conflict (name) do update set value = counter.value + excluded.value;
  insert into worker_run (worker, last_success_at_ms, report) values ('reservation-cleanup', now_ms(), answer)
    on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
  return answer;
end
$$;
