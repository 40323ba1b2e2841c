-- The owner's live cart with its lines, of any size, in one statement (CART-4).
-- in: owner text
select @cart_json(c) from cart as c where c.owner = :owner and c.status in ('active', 'checkout') and @unexpired(c)
