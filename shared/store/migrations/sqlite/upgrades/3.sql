-- CART-14, SEC-1: who holds a share's token may look at the cart until then. The token is nowhere, only its SHA-256. No share outlives its
-- cart's life by more than its own time, so nothing that ends a cart knows of this table.
create table if not exists cart_share (token_hash text primary key, share_id text not null, cart_id text not null, created_at_ms integer not null, expires_at_ms integer not null) without rowid;
create index if not exists share_of_cart on cart_share (cart_id);
create index if not exists share_due on cart_share (expires_at_ms);
