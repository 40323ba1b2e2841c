-- CART-5: the carts that went into a customer's are found by their guest.
create index if not exists cart_merged on cart (owner) where status = 'merged';
