-- The events of a command, in their order, each completed with what the command assigned.
create or replace function add_events(doc jsonb, assigned jsonb default '{}') returns void language plpgsql as $$
begin
  insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select event ->> 'event_id', event ->> 'aggregate', event ->> 'type',
      event -> 'data' || jsonb_strip_nulls(assigned - 'warnings' - 'totals'), 'pending', 0, now_ms(), 0, now_ms()
    from each_item(doc -> 'events') with ordinality as each (event, place) order by place;
end
$$;
