-- An account of stored value. Points have no currency.
-- function: (a account) returns jsonb language sql
object('account_id', a.account_id, 'kind', a.kind, 'customer_id', a.customer_id, 'currency', nullif(a.currency, ''), 'balance_minor', a.balance_minor,
  'held_minor', a.held_minor, 'created_at_ms', a.created_at_ms, 'expires_at_ms', a.expires_at_ms)
