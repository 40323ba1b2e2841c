-- Says which group and segments a customer is in, before their first session too, with who did it (SEC-4).
-- in: subject text, actor text, customer_id text, customer_group text, segments jsonb
perform hold_subject(:subject); -- only postgres
@append_change(:subject, 'put', :actor, (select @customer_facts_json(c) from customer as c where c.customer_id = :customer_id),
  object('customer_group', nullif(:customer_group, ''), 'segments', document(:segments)))
insert into customer (customer_id, customer_group, segments, created_at_ms, updated_at_ms)
  values (:customer_id, :customer_group, :segments, now_ms(), now_ms())
  on conflict (customer_id) do update set customer_group = excluded.customer_group, segments = excluded.segments, updated_at_ms = excluded.updated_at_ms
  where customer.customer_group <> excluded.customer_group or customer.segments <> excluded.segments;
returning
(select @customer_json(c) from customer as c where c.customer_id = :customer_id)
