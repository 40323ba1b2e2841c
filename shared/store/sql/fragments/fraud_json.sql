-- What the shop's rules find in a confirm (CHK-16): of its buyer before a provider is asked, of their card once that is known. What there is
-- one of counts as 1, of what there are many the latest hundred count.
-- function: (of_session text, in_currency text, of_total bigint, of_card jsonb) returns jsonb language plpgsql
(select object('score', coalesce(sum(rule.score), 0), 'rules', list(rule.rule_id order by rule.rule_id),
    'asks_card', flag(exists (select 1 from fraud_rule as rule where rule.active = 1
      and rule.signal in ('orders_of_card', 'card_country') and (rule.currency = '' or rule.currency = in_currency and rule.above_minor < of_total))))
  from checkout_session as d join cart as c on c.cart_id = d.cart_id join fraud_rule as rule on rule.active = 1
    and (of_card is null) = (rule.signal not in ('orders_of_card', 'card_country')) and (rule.currency = '' or rule.currency = in_currency and rule.above_minor < of_total)
  where d.session_id = of_session and rule.at_least <= case rule.signal
    when 'amount' then 1
    when 'billing_country' then case when d.billing_country not in ('', d.country) then 1 end
    when 'card_country' then case when of_card ->> 'country' <> d.country then 1 end
    when 'new_account' then case when not exists (select 1 from customer as m
      where m.customer_id = substr(d.owner, 10) and d.owner like 'customer:%' and m.created_at_ms <= now_ms() - rule.within_ms) then 1 end
    when 'cart_changes' then case when c.created_at_ms > now_ms() - rule.within_ms then c.version end
    when 'wrong_codes' then (select sum(a.attempts) from attempt_window as a
      where a.subject in ('gift-card/' || d.owner, 'promotion-code/' || d.owner) and a.period = now_ms() / 3600000)
    when 'declines_of_buyer' then (select count(*) from (select g.created_at_ms as at_ms from saga as g where g.owner = d.owner and g.state = 'declined'
      order by g.saga_id desc limit 100) as latest where latest.at_ms > now_ms() - rule.within_ms)
    when 'orders_of_buyer' then (select count(*) from (select o.created_at_ms as at_ms from orders as o where o.owner = d.owner
      order by o.order_id desc limit 100) as latest where latest.at_ms > now_ms() - rule.within_ms)
    when 'orders_to_email' then (select count(*) from (select o.created_at_ms as at_ms from orders as o where o.email_hash = d.email_hashes ->> 0 and o.email_hash > ''
      order by o.order_id desc limit 100) as latest where latest.at_ms > now_ms() - rule.within_ms)
    when 'orders_to_address' then (select count(*) from (select o.created_at_ms as at_ms from orders as o where o.address_hash = d.address_hash and o.address_hash > ''
      order by o.order_id desc limit 100) as latest where latest.at_ms > now_ms() - rule.within_ms)
    when 'orders_of_card' then (select count(*) from (select o.created_at_ms as at_ms from payment as p join orders as o on o.order_id = p.order_id
      where p.card = of_card ->> 'fingerprint' and p.card > ''
      order by p.order_id desc limit 100) as latest where latest.at_ms > now_ms() - rule.within_ms)
    end)
