-- What a customer's session opens with: whether they have a row yet, and their live cart.
-- in: owner text, customer_id text
select object('is_known', flag(exists (select 1 from customer where customer_id = :customer_id)),
  'cart', document((select @cart_json(c) from cart as c where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c))))
