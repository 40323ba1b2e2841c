-- A payment, as the provider is asked about it.
create or replace function payment_json(p payment) returns jsonb language sql stable as $$
  select jsonb_build_object('payment_id', p.payment_id, 'reference', p.reference, 'method', p.method, 'state', p.state, 'currency', p.currency,
    'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor)
$$;
