-- A fee is asked no more (PRICE-13): orders that have it keep it.
-- in: subject text, actor text, currency text, fee_id text, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'entry_unknown' where not exists (select 1 from fee where currency = :currency and fee_id = :fee_id);
@append_change(:subject, 'deleted', :actor, (select @fee_json(f) from fee as f where f.currency = :currency and f.fee_id = :fee_id), null)
delete from fee where currency = :currency and fee_id = :fee_id;
@finish
returning
object('subject', :subject)
