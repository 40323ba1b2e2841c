-- Nothing is known any more of what one currency was worth in another at a time (PRICE-8): what was exchanged at it has kept it.
-- in: subject text, actor text, from text, to text, quoted_at_ms bigint, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'entry_unknown' where not exists (select 1 from exchange_rate where to_currency = :to and from_currency = :from and quoted_at_ms = :quoted_at_ms);
@append_change(:subject, 'deleted', :actor, (select @exchange_rate_json(r) from exchange_rate as r where r.to_currency = :to and r.from_currency = :from and r.quoted_at_ms = :quoted_at_ms), null)
delete from exchange_rate where to_currency = :to and from_currency = :from and quoted_at_ms = :quoted_at_ms;
@finish
returning
object('subject', :subject)
