-- A payment, as the provider is asked about it.
-- function: (p payment) returns jsonb language sql
object('payment_id', p.payment_id, 'provider', p.provider, 'reference', p.reference, 'method', p.method, 'state', p.state, 'currency', p.currency,
  'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor)
