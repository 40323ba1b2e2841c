-- What moved in an account, newest first, below a number.
-- in: account_id text, below bigint?, limit bigint
select object('seq', l.seq, 'kind', l.kind, 'amount_minor', l.amount_minor, 'actor', l.actor, 'reason', l.reason, 'order_id', l.order_id, 'at_ms', l.at_ms)
from ledger as l where l.account_id = :account_id and l.seq < coalesce(:below, 9007199254740991) order by l.seq desc limit :limit
