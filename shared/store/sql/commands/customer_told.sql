-- A customer is, elsewhere, since so long (EVT-3): the account is as old as the oldest that is known of it. Group and segments are taken of one of whom nobody
-- has said any here.
-- in: subject text, actor text, customer_id text, customer_group text, segments jsonb, created_at_ms bigint
perform hold_subject(:subject); -- only postgres
@append_change(:subject, 'put', :actor, (select @customer_facts_json(c) from customer as c where c.customer_id = :customer_id),
  coalesce((select @customer_facts_json(c) from customer as c where c.customer_id = :customer_id and (c.customer_group <> '' or c.segments <> '[]')),
    object('customer_group', nullif(:customer_group, ''), 'segments', document(:segments))))
insert into customer (customer_id, customer_group, segments, created_at_ms, updated_at_ms)
  values (:customer_id, :customer_group, :segments, smaller(:created_at_ms, now_ms()), now_ms())
  on conflict (customer_id) do update set created_at_ms = smaller(customer.created_at_ms, excluded.created_at_ms),
    customer_group = case when customer.customer_group = '' and customer.segments = '[]' then excluded.customer_group else customer.customer_group end,
    segments = case when customer.customer_group = '' and customer.segments = '[]' then excluded.segments else customer.segments end,
    updated_at_ms = case when customer.customer_group = '' and customer.segments = '[]' and (excluded.customer_group <> '' or excluded.segments <> '[]')
      then excluded.updated_at_ms else customer.updated_at_ms end;
returning
(select @customer_json(c) from customer as c where c.customer_id = :customer_id)
