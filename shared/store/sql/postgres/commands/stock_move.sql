-- Receives or adjusts stock: the movement and the counter together (STOCK-10).
-- A repeated request must not receive twice, so it takes a key like every change.
-- in: sku, warehouse_id, kind (receive | adjust), quantity (of either sign for adjust), actor, idempotency…?
-- refuses: sku_unknown, warehouse_unknown, stock_would_be_negative, idempotency_key_seen
create or replace function stock_move(doc jsonb) returns jsonb language plpgsql as $$
declare
  level stock;
begin
  perform take_idempotency_key(doc);
  if not exists (select from sku where sku = doc ->> 'sku') then raise exception 'sku_unknown'; end if;
  if not exists (select from warehouse where warehouse_id = doc ->> 'warehouse_id') then raise exception 'warehouse_unknown'; end if;
  -- A row first, so that there is one to lock; then the delta, judged by what the row is when it is ours.
  insert into stock (sku, warehouse_id, on_hand, reserved) values (doc ->> 'sku', doc ->> 'warehouse_id', 0, 0) on conflict do nothing;
  select * into level from stock where sku = doc ->> 'sku' and warehouse_id = doc ->> 'warehouse_id' for update;
  if level.on_hand - level.reserved + (doc ->> 'quantity')::bigint < 0 then raise exception 'stock_would_be_negative'; end if;
  update stock set on_hand = on_hand + (doc ->> 'quantity')::bigint where sku = level.sku and warehouse_id = level.warehouse_id returning * into level;
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    values (level.sku, level.warehouse_id, doc ->> 'kind', (doc ->> 'quantity')::bigint, 0, doc ->> 'actor', now_ms());
  return finish_command(doc, to_jsonb(level));
end
$$;
