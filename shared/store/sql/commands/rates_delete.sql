-- A method carries nothing to a zone in a currency any more (CAT-2).
-- in: subject text, actor text, zone text, currency text, method_id text, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'entry_unknown' where not exists (select 1 from shipping_rate where zone = :zone and currency = :currency and method_id = :method_id);
@append_change(:subject, 'deleted', :actor, @rates_json(:zone, :currency, :method_id), null)
delete from shipping_rate where zone = :zone and currency = :currency and method_id = :method_id;
@finish
returning
object('subject', :subject)
