-- Whether a receiver's filter lets events of a type through: it is empty, or names the type, or `orders.*` and all that begins so.
-- function: (of_type text, wanted jsonb) returns boolean language sql
(not exists (select 1 from each(wanted, any_type)) or exists (select 1 from each(wanted, named) where of_type = scalar(named.value)
  or (scalar(named.value) like '%.*' and substr(of_type, 1, length(scalar(named.value)) - 1) = substr(scalar(named.value), 1, length(scalar(named.value)) - 1))))
