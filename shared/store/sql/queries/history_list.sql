-- What was made of an entry of the catalog, oldest first, above a number (SEC-4).
-- in: subject text, above bigint, limit bigint
select object('seq', h.seq, 'kind', h.kind, 'actor', h.actor, 'at_ms', h.at_ms, 'before', document(part(h.data, 'before')), 'after', document(part(h.data, 'after')))
from history as h where h.subject = :subject and h.seq > :above order by h.seq limit :limit
