-- The events of a command, in their order, each completed with what it names of the receipt (`assigned`).
create or replace function add_events(doc jsonb, assigned jsonb default '{}') returns void language plpgsql as $$
begin
  insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select event ->> 'event_id', event ->> 'aggregate', event ->> 'type',
      (event -> 'data') || coalesce((select jsonb_object_agg(field, assigned -> field) from jsonb_array_elements_text(event -> 'assigned') as field
        where assigned ->> field is not null), '{}'), 'pending', 0, now_ms(), 0, now_ms()
    from each_item(doc -> 'events') with ordinality as each (event, place) order by place;
end
$$;
