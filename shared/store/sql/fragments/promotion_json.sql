-- All that the promotions of a cart depend on, whatever their number in one read: those that run now in its currency, and those of the codes given. What the cart's
-- own attempt holds counts as free, so that a retry finds it. Who buys is an owner, and whoever has one of these e-mails. What was used of a rule
-- without limits nobody asks.
-- function: (of_cart text, of_owner text, own_saga text, emails jsonb, also_code text, in_currency text) returns jsonb language plpgsql
object('now_ms', now_ms(),
  'promotions', document((select list(object('promotion_id', m.promotion_id, 'version', m.version, 'rule', document(m.rule), 'used',
      case when m.uses_limit is null and m.person_limit is null and m.budget_minor is null then null else object('uses', m.uses - case when held.saga_id is null then 0 else 1 end,
      'uses_by_person', case when m.person_limit is null then 0 else @uses_by_person(m.promotion_id, of_owner, emails, own_saga) end,
      'spent_minor', m.spent_minor - coalesce(held.spent_minor, 0)) end) order by m.promotion_id)
    from promotion as m
    left join promotion_use as held on held.saga_id = own_saga and held.promotion_id = m.promotion_id and held.state = 'held'
    where m.promotion_id in (
      select running.promotion_id from promotion as running
        where running.active = 1 and running.by_code = 0 and running.ends_at_ms > now_ms() and running.starts_at_ms <= now_ms()
          and running.only_currency in ('', in_currency)
      union select k.promotion_id from promotion_code as k join promotion as given on given.promotion_id = k.promotion_id and given.active = 1
        where k.active = 1 and (k.code = also_code or k.code in (select its.code from cart_code as its where its.cart_id = of_cart))))),
  'codes', document((select list(typed.code order by typed.code) from (select its.code from cart_code as its where its.cart_id = of_cart
    union select also_code where also_code is not null and 5 > (select count(*) from cart_code as its where its.cart_id = of_cart and its.code <> also_code)) as typed)),
  'known_codes', document((select list(object('code', k.code, 'promotion_id', k.promotion_id, 'customer_id', k.customer_id, 'uses', k.uses_limit,
      'used', k.uses - (select count(*) from promotion_use as held where held.saga_id = own_saga and held.promotion_id = k.promotion_id
        and held.code = k.code and held.state = 'held')))
    from promotion_code as k join promotion as given on given.promotion_id = k.promotion_id and given.active = 1
    where k.active = 1 and (k.code = also_code or k.code in (select its.code from cart_code as its where its.cart_id = of_cart)))),
  'buyer', object('customer_id', case when of_owner like 'customer:%' then substr(of_owner, 10) end,
    'segments', document((select list(named.segment order by named.segment) from (
      select scalar(s.value) as segment from customer as who, each(who.segments, s) where who.customer_id = substr(of_owner, 10) and of_owner like 'customer:%'
      union select who.customer_group from customer as who where who.customer_id = substr(of_owner, 10) and of_owner like 'customer:%'
        and who.customer_group > '') as named)),
    'first_order', flag(not exists (select 1 from orders as o where o.owner = of_owner and o.status <> 'cancelled')
      and not exists (select 1 from each(emails, e) where (select o.order_id from orders as o where o.email_hash = scalar(e.value) and o.email_hash > ''
        and o.status <> 'cancelled' limit 1) is not null))),
  'rates', document((select list(@exchange_rate_json(r) order by r.from_currency) from currency as other
    join exchange_rate as r on r.to_currency = in_currency and r.from_currency = other.currency and r.quoted_at_ms = (select max(said.quoted_at_ms)
      from exchange_rate as said where said.to_currency = in_currency and said.from_currency = other.currency and said.quoted_at_ms <= now_ms()))))
