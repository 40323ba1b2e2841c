-- One SKU as whoever changes its price has to have read it, with the number of its last change; and whether a price that was told later is here already (EVT-3).
-- in: sku text, reference text, at_ms bigint
select object('facts', document(@sku_json(s)), 'seq', (select coalesce(max(h.seq), 0) from history as h where h.subject = 'sku/' || s.sku),
  'is_overtaken', flag(exists (select 1 from inbox as i where i.type = 'pricing.price.updated' and i.reference = :reference
    and i.state in ('pending', 'done') and integer(i.data ->> 'at_ms') > :at_ms)))
from sku as s where s.sku = :sku
