-- What a change of one line assigned, laid over the part of the reply that was known before.
-- postgres: line_receipt(doc)
(select json_patch(coalesce(:reply, '{}'), json_object('cart_id', cart.cart_id, 'version', cart.version, 'quantity',
    coalesce((select quantity from cart_line where cart_id = :cart_id and sku = :sku), 0))) from cart where cart_id = :cart_id)
