-- The codes that a cart has now, laid over the part of the reply that was known before.
-- postgres: codes_receipt(doc)
(select json_patch(coalesce(:reply, '{}'), json_object('cart_id', cart.cart_id, 'version', cart.version, 'codes',
    json((select json_group_array(c.code order by c.code) from cart_code as c where c.cart_id = :cart_id)))) from cart where cart_id = :cart_id)
