insert into command (name, doc) values ('add', ?1) returning (select json_object('cart_id', cart_id, 'version', version) from cart where cart_id = command.doc ->> 'cart_id')
