-- Takes due sagas for recovery, oldest first; the token fences whoever held them before (WRK-2).
-- in: lease_token, lease_ms, limit
update saga set lease_token = :lease_token, lease_until_ms = now_ms() + :lease_ms, attempts = attempts + 1
  where saga_id in (select saga_id from saga where state in ('authorizing', 'awaiting_action', 'capturing')
    and next_attempt_at_ms <= now_ms() and lease_until_ms <= now_ms() order by next_attempt_at_ms limit :limit)
returning @saga_json(saga)
