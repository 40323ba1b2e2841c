-- A country, or a region of it, is in no zone of its own any more (CAT-2): carts there are told so, and nothing is lost.
-- in: subject text, actor text, country text, region text, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'entry_unknown' where not exists (select 1 from zone where country = :country and region = :region);
@append_change(:subject, 'deleted', :actor, (select @zone_json(z) from zone as z where z.country = :country and z.region = :region), null)
delete from zone where country = :country and region = :region;
@finish
returning
object('subject', :subject)
