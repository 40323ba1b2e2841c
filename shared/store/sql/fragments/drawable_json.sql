-- The accounts that a buyer names for a checkout, by id or by the hash of a code ([{account_id} or {code_hash}]): their own, and gift cards that are
-- nobody's yet. What their own attempt holds counts as there. Points pay what the order's currency says.
-- function: (asked jsonb, of_owner text, in_currency text, own_saga text) returns jsonb language plpgsql
(select list(object('account_id', a.account_id, 'kind', a.kind, 'currency', nullif(a.currency, ''), 'customer_id', a.customer_id,
    'code_hash', a.code_hash, 'available', a.balance_minor - a.held_minor + coalesce((select w.units from draw as w
      where w.saga_id = own_saga and w.account_id = a.account_id and w.state = 'held'), 0),
    'point_value_minor', case when a.kind = 'points' then (select y.point_value_minor from currency as y where y.currency = in_currency) end))
  from account as a where (a.expires_at_ms is null or a.expires_at_ms > now_ms()) and a.account_id in (
    select own.account_id from each(asked, s) join account as own on own.account_id = s.value ->> 'account_id' and 'customer:' || own.customer_id = of_owner
    union select card.account_id from each(asked, s) join account as card on card.code_hash = s.value ->> 'code_hash'
      and coalesce('customer:' || card.customer_id, of_owner) = of_owner))
