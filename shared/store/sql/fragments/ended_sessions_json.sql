-- Checkout sessions without an order that nobody can come back to, the oldest. One that still holds stock or is being paid is not over.
-- function: (contact_ms bigint, of_limit bigint) returns jsonb language sql
(select list(session_id) from (select session_id from checkout_session as s
    where status in ('replaced', 'abandoned', 'expired') and expires_at_ms <= now_ms() - contact_ms
      and not exists (select 1 from reservation as r where r.session_id = s.session_id and r.status = 'active')
      and not exists (select 1 from saga as g where g.owner = s.owner and g.state in ('authorizing', 'awaiting_action'))
    order by expires_at_ms limit of_limit) as old)
