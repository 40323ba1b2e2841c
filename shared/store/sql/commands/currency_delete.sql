-- The shop sells in a currency no more (CAT-2): nothing has a price, a rate or a fee in it, and no live cart is in it. A cart that opens, or a
-- price that comes, in this very moment is left in a currency that is not sold in: it is told so, and the currency can be put again.
-- in: subject text, actor text, currency text, idempotency…?
-- refuses: entry_unknown, used_by_prices, used_by_rates, used_by_fees, used_by_carts, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
lock currency where currency = :currency;
refuse 'entry_unknown' where not exists (select 1 from currency where currency = :currency);
refuse 'used_by_prices' where (exists (select 1 from price where currency = :currency)
    or exists (select 1 from special_price where currency = :currency));
refuse 'used_by_rates' where exists (select 1 from shipping_rate where currency = :currency);
refuse 'used_by_fees' where exists (select 1 from fee where currency = :currency);
refuse 'used_by_carts' where exists (select 1 from cart where status in ('active', 'checkout') and currency = :currency);
@append_change(:subject, 'deleted', :actor, (select @currency_json(c) from currency as c where c.currency = :currency), null)
delete from currency where currency = :currency;
@finish
returning
object('subject', :subject)
