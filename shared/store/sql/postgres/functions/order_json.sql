-- An order, whole: lines, history and payment.
create or replace function order_json(o orders) returns jsonb language plpgsql stable as $$
begin
  return (select to_jsonb(o) || jsonb_build_object(
      'lines', coalesce((select jsonb_agg(to_jsonb(l) - 'order_id' order by line_no) from order_line as l where l.order_id = o.order_id), '[]'),
      'history', coalesce((select jsonb_agg(to_jsonb(h) - 'order_id' order by seq) from order_history as h where h.order_id = o.order_id), '[]'),
      'payment', (select jsonb_build_object('payment_id', p.payment_id, 'saga_id', p.saga_id, 'provider', p.provider, 'method', p.method,
          'state', p.state, 'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor, 'saga_state', g.state)
        from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = o.detail ->> 'saga_id')));
end
$$;
