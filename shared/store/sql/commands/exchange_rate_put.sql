-- Says what one currency was worth in another at a time (PRICE-8), with who did it (SEC-4).
-- in: subject text, actor text, from text, to text, quoted_at_ms bigint, factor text
-- refuses: currency_unsupported
perform hold_subject(:subject); -- only postgres
-- What is named stays until this has committed.
perform 1 from currency where currency in (:from, :to) order by currency for key share; -- only postgres
refuse 'currency_unsupported' where 2 > (select count(*) from currency where currency in (:from, :to));
@append_change(:subject, 'put', :actor, (select @exchange_rate_json(r) from exchange_rate as r where r.to_currency = :to and r.from_currency = :from and r.quoted_at_ms = :quoted_at_ms),
  object('from', :from, 'to', :to, 'quoted_at_ms', :quoted_at_ms + 0, 'factor', :factor))
insert into exchange_rate (to_currency, from_currency, quoted_at_ms, factor) values (:to, :from, :quoted_at_ms, :factor)
  on conflict (to_currency, from_currency, quoted_at_ms) do update set factor = excluded.factor;
returning
(select @exchange_rate_json(r) from exchange_rate as r where r.to_currency = :to and r.from_currency = :from and r.quoted_at_ms = :quoted_at_ms)
