-- What orders in a currency cost besides (PRICE-13).
-- function: (f fee) returns jsonb language sql
object('currency', f.currency, 'fee_id', f.fee_id, 'kind', f.kind, 'name', f.name, 'amount_minor', f.amount_minor, 'free_from_minor', f.free_from_minor,
  'up_to_minor', f.up_to_minor, 'zone', nullif(f.zone, ''), 'customer_group', nullif(f.customer_group, ''), 'tax_class', f.tax_class, 'active', flag(f.active = 1))
