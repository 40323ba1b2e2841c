-- Whether an order is one that is looked for, by what no index was asked for: null asks nothing.
-- function: (o orders, of_owner text, in_status text, of_number text, of_sku text, in_payment text) returns boolean language sql
((of_owner is null or o.owner = of_owner) and (in_status is null or o.status = in_status) and (of_number is null or o.order_number = of_number)
  and (of_sku is null or exists (select 1 from order_line as l where l.order_id = o.order_id and l.sku = of_sku))
  and (in_payment is null or exists (select 1 from payment as p where p.saga_id = o.detail ->> 'saga_id' and p.state = in_payment)))
