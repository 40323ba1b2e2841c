-- Takes away a shipping method that has no rates (CAT-2).
-- in: subject text, actor text, method_id text, idempotency…?
-- refuses: entry_unknown, used_by_rates, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
-- Whoever is about to name it holds it, and is seen once this is had.
lock shipping_method where method_id = :method_id;
refuse 'entry_unknown' where not exists (select 1 from shipping_method where method_id = :method_id);
refuse 'used_by_rates' where exists (select 1 from shipping_rate where method_id = :method_id);
@append_change(:subject, 'deleted', :actor, (select @method_json(m) from shipping_method as m where m.method_id = :method_id), null)
delete from shipping_method where method_id = :method_id;
@finish
returning
object('subject', :subject)
