-- Takes one live saga whose driver has gone: the buyer's retry drives on by the same code as recovery.
-- in: saga_id, lease_token, lease_ms
update saga set lease_token = :lease_token, lease_until_ms = now_ms() + :lease_ms, attempts = attempts + 1, next_attempt_at_ms = now_ms()
  where saga_id = :saga_id and state in ('authorizing', 'awaiting_action', 'capturing') and lease_until_ms <= now_ms()
returning @saga_json(saga)
