-- Confirms that rules of fraud have denied, the newest first, below a number (CHK-16).
-- in: below bigint?, limit bigint
select object('seq', h.seq, 'owner', h.actor, 'session_id', h.data ->> 'session_id', 'currency', h.data ->> 'currency', 'total_minor', integer(h.data ->> 'total_minor'),
  'score', integer(h.data -> 'found' ->> 'score'), 'rules', document(part(h.data -> 'found', 'rules')), 'at_ms', h.at_ms)
from history as h where h.subject = 'fraud' and (:below is null or h.seq < :below) order by h.seq desc limit :limit
