-- A class has no tax in a zone any more (CAT-2). Nothing is sold there untaxed by that: a total that lacks a rate is refused (PRICE-7).
-- in: subject text, actor text, zone text, tax_class text, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
refuse 'entry_unknown' where not exists (select 1 from tax where zone = :zone and tax_class = :tax_class);
@append_change(:subject, 'deleted', :actor, (select @tax_json(t) from tax as t where t.zone = :zone and t.tax_class = :tax_class), null)
delete from tax where zone = :zone and tax_class = :tax_class;
@finish
returning
object('subject', :subject)
