-- What people and programs did to a subject, oldest first.
-- function: (of_subject text) returns jsonb language sql
document((select list(object('seq', h.seq, 'kind', h.kind, 'actor', h.actor, 'reason', h.reason, 'at_ms', h.at_ms, 'data', document(h.data)) order by h.seq)
  from history as h where h.subject = of_subject))
