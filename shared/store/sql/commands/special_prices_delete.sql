-- A SKU costs in a currency what its plain price says, and nothing else (PRICE-5).
-- in: subject text, actor text, sku text, currency text, idempotency…?
-- refuses: sku_unknown, entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'sku_unknown' where not exists (select 1 from sku where sku = :sku);
refuse 'entry_unknown' where not exists (select 1 from special_price where sku = :sku and currency = :currency);
@append_change(:subject, 'deleted', :actor, @special_prices_json(:sku, :currency), null)
delete from special_price where sku = :sku and currency = :currency;
@finish
returning
object('subject', :subject)
