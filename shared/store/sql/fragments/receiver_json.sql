-- A receiver of events as an operator sees it: nothing of its secrets.
-- function: (r receiver) returns jsonb language sql
object('receiver_id', r.receiver_id, 'url', r.url, 'types', document(r.types), 'active', flag(r.active = 1))
