-- The carts that a run of the clean-up forgets: abandoned too long ago to be come back to. The same ones wherever a command says it.
cart where status = 'abandoned' and expires_at_ms <= now_ms() - :recovery_ms order by expires_at_ms, cart_id limit :limit
