-- Says what a fee costs in a currency, and which orders have it (PRICE-13), with who did it (SEC-4).
-- in: subject text, actor text, currency text, fee_id text, kind text, name text, amount_minor bigint, free_from_minor bigint?, up_to_minor bigint?, zone text, customer_group text, tax_class text, active boolean
-- refuses: currency_unsupported
perform hold_subject(:subject); -- only postgres
-- What is named stays until this has committed.
perform 1 from currency where currency = :currency for key share; -- only postgres
refuse 'currency_unsupported' where not exists (select 1 from currency where currency = :currency);
@append_change(:subject, 'put', :actor, (select @fee_json(f) from fee as f where f.currency = :currency and f.fee_id = :fee_id),
  object('currency', :currency, 'fee_id', :fee_id, 'kind', :kind, 'name', :name, 'amount_minor', :amount_minor, 'free_from_minor', :free_from_minor,
    'up_to_minor', :up_to_minor, 'zone', nullif(:zone, ''), 'customer_group', nullif(:customer_group, ''), 'tax_class', :tax_class, 'active', flag(:active)))
insert into fee (currency, fee_id, kind, name, amount_minor, free_from_minor, up_to_minor, zone, customer_group, tax_class, active)
  values (:currency, :fee_id, :kind, :name, :amount_minor, :free_from_minor, :up_to_minor, :zone, :customer_group, :tax_class, number(:active))
  on conflict (currency, fee_id) do update set kind = excluded.kind, name = excluded.name, amount_minor = excluded.amount_minor,
    free_from_minor = excluded.free_from_minor, up_to_minor = excluded.up_to_minor, zone = excluded.zone, customer_group = excluded.customer_group, tax_class = excluded.tax_class, active = excluded.active;
returning
(select @fee_json(f) from fee as f where f.currency = :currency and f.fee_id = :fee_id)
