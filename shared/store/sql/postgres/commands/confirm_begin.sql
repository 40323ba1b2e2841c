-- The claim: the saga's row, the cart held, the stock reserved and the payment written down, all or nothing,
-- before any provider is called (CHK-6, STOCK-1, STOCK-2). `plan` is what recovery will work from.
-- With a `cancel_id` it takes the place of the attempt `supersedes` that waits for its buyer; what that held is this one's without ever going free.
-- Demand is summed per SKU and warehouse first, since an UPDATE … FROM with a repeated key applies one of them.
-- in: saga_id, session_id, cart_id, owner, cart_version, idempotency_key, request_hash, lease_token, lease_ms, reservation_ttl_ms, supersedes?, cancel_id?, plan
-- refuses: cart_converted, confirm_in_progress, idempotency_key_seen, session_closed, cart_changed, prices_moved, insufficient_stock
create or replace function confirm_begin(doc jsonb) returns jsonb language plpgsql as $$
declare
  plan_lines constant jsonb := doc #> '{plan,lines}';
  held text[];
begin
  -- One claim of a cart at a time; the next one then sees what became of it.
  perform 1 from cart where cart_id = doc ->> 'cart_id' for update;
  if exists (select from orders where cart_id = doc ->> 'cart_id') then raise exception 'cart_converted'; end if;
  if supersede(doc) is distinct from doc ->> 'supersedes' then raise exception 'confirm_in_progress'; end if;
  perform take_confirm_key(doc);
  insert into saga (saga_id, session_id, cart_id, owner, state, plan, attempts, next_attempt_at_ms, lease_token, lease_until_ms, created_at_ms, updated_at_ms)
    values (doc ->> 'saga_id', doc ->> 'session_id', doc ->> 'cart_id', doc ->> 'owner', 'authorizing', doc -> 'plan', 0, now_ms() + (doc ->> 'lease_ms')::bigint, doc ->> 'lease_token', now_ms() + (doc ->> 'lease_ms')::bigint, now_ms(), now_ms());
  if not exists (select from checkout_session where session_id = doc ->> 'session_id' and cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner'
    and status = 'open' and expires_at_ms > now_ms())
  then raise exception 'session_closed'; end if;
  if not exists (select from cart where cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner' and status = 'checkout'
    and version = (doc ->> 'cart_version')::bigint and saga_id is null)
  then raise exception 'cart_changed'; end if;
  if exists (select from each_item(plan_lines) as line
    left join price on price.sku = line ->> 'sku' and price.currency = doc #>> '{plan,currency}'
    left join sku on sku.sku = line ->> 'sku'
    where price.amount_minor is distinct from (line ->> 'unit_price_minor')::bigint or sku.active is distinct from 1)
  then raise exception 'prices_moved'; end if;
  update cart set saga_id = doc ->> 'saga_id' where cart_id = doc ->> 'cart_id';
  held := lock_held(doc ->> 'session_id');
  perform lock_stock(plan_lines, held);
  perform release_reservations(held);
  if exists (select from (select line ->> 'sku' as sku, line ->> 'warehouse_id' as warehouse_id, sum((line ->> 'quantity')::bigint) as quantity
      from each_item(plan_lines) as line group by 1, 2) as demand
    left join stock on stock.sku = demand.sku and stock.warehouse_id = demand.warehouse_id
    where stock.on_hand is null or stock.on_hand - stock.reserved < demand.quantity)
  then raise exception 'insufficient_stock'; end if;
  update stock set reserved = reserved + demand.quantity
    from (select line ->> 'sku' as sku, line ->> 'warehouse_id' as warehouse_id, sum((line ->> 'quantity')::bigint) as quantity
      from each_item(plan_lines) as line group by 1, 2) as demand
    where stock.sku = demand.sku and stock.warehouse_id = demand.warehouse_id;
  insert into reservation (reservation_id, session_id, sku, warehouse_id, quantity, status, expires_at_ms, created_at_ms)
    select line ->> 'reservation_id', doc ->> 'session_id', line ->> 'sku', line ->> 'warehouse_id', (line ->> 'quantity')::bigint, 'active',
      (select least(now_ms() + (doc ->> 'reservation_ttl_ms')::bigint, expires_at_ms) from checkout_session where session_id = doc ->> 'session_id'), now_ms()
    from each_item(plan_lines) as line;
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select line ->> 'sku', line ->> 'warehouse_id', 'reserve', 0, (line ->> 'quantity')::bigint, line ->> 'reservation_id', now_ms()
    from each_item(plan_lines) as line;
  insert into payment (payment_id, saga_id, provider, method, state, currency, amount_minor, captured_minor, refunded_minor, updated_at_ms)
    values (doc #>> '{plan,payment_id}', doc ->> 'saga_id', doc #>> '{plan,provider}', doc #>> '{plan,payment_method}', 'pending',
      doc #>> '{plan,currency}', (doc #>> '{plan,total_minor}')::bigint, 0, 0, now_ms());
  return (select saga_json(g) from saga as g where saga_id = doc ->> 'saga_id');
end
$$;
