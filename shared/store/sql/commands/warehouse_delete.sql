-- Takes away a warehouse that nothing names (CAT-2). What was ever there has a row of stock, which no command deletes: so movements,
-- reservations and orders of a warehouse keep it too.
-- in: subject text, actor text, warehouse_id text, idempotency…?
-- refuses: entry_unknown, used_by_stock, used_by_rates, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
-- Whoever is about to name it holds it, and is seen once this is had.
lock warehouse where warehouse_id = :warehouse_id;
refuse 'entry_unknown' where not exists (select 1 from warehouse where warehouse_id = :warehouse_id);
refuse 'used_by_stock' where exists (select 1 from stock where warehouse_id = :warehouse_id);
refuse 'used_by_rates' where exists (select 1 from shipping_rate where warehouse_id = :warehouse_id);
@append_change(:subject, 'deleted', :actor, (select @warehouse_json(w) from warehouse as w where w.warehouse_id = :warehouse_id), null)
delete from warehouse where warehouse_id = :warehouse_id;
@finish
returning
object('subject', :subject)
