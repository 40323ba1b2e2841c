-- What a method costs in a zone and a currency; null where it has no rates.
-- function: (of_zone text, in_currency text, by_method text) returns jsonb language sql
(select object('zone', of_zone, 'currency', in_currency, 'method_id', by_method,
    'rates', document(list(object('warehouse_id', nullif(k.warehouse_id, ''), 'min_weight_g', k.min_weight_g, 'min_subtotal_minor', k.min_subtotal_minor,
      'amount_minor', k.amount_minor) order by k.warehouse_id, k.min_weight_g, k.min_subtotal_minor)))
  from shipping_rate as k where k.zone = of_zone and k.currency = in_currency and k.method_id = by_method having count(*) > 0)
