-- Opens a checkout session on the cart as the buyer saw it; an open one is replaced, and what it holds passes on to the new one without
-- going free. With a `cancel_id` an attempt that waits for its buyer ends: they begin anew. The cart lives at
-- least as long. `contact` is sealed with the owner's data key: `data_key` is a new one, which only the first of two at once brings in.
-- in: session_id text, cart_id text, owner text, cart_version bigint, country text, region text, shipping_method text, payment_method text, contact text, email_hashes jsonb, address_hash text, billing_country text, data_key_id text, data_key jsonb?, totals jsonb, session_ttl_ms bigint, cart_idle_ms bigint, cancel_id text?, if_versions jsonb?, reply jsonb?, idempotency…?
-- refuses: cart_not_found, cart_locked, cart_changed, version_conflict, region_needed, data_key_replaced, idempotency_key_seen
@idempotent
lock cart where cart_id = :cart_id;
refuse 'cart_not_found'
  where not exists (select 1 from cart as c where cart_id = :cart_id and owner = :owner and status in ('active', 'checkout') and @unexpired(c));
@supersede
refuse 'cart_locked' where exists (select 1 from cart where cart_id = :cart_id and saga_id is not null);
-- only with if_versions
refuse 'version_conflict' where :if_versions is not null
  and not exists (select 1 from cart, each(:if_versions, seen) where cart_id = :cart_id and version = integer(scalar(seen.value)));
refuse 'region_needed' where :region = '' and exists (select 1 from zone where country = :country and region > '');
refuse 'cart_changed' where not exists (select 1 from cart where cart_id = :cart_id and version = :cart_version);
-- only with data_key
insert into data_key (owner, data_key_id, wrapped_by, wrapped_key, used_at_ms)
  select :owner, :data_key_id, :data_key ->> 'wrapped_by', :data_key ->> 'wrapped_key', now_ms() where :data_key is not null on conflict do nothing;
-- Before the guard: who erases the key meanwhile, or prunes it, is waited for here.
update data_key set used_at_ms = now_ms() where owner = :owner;
refuse 'data_key_replaced' where not exists (select 1 from data_key where owner = :owner and data_key_id = :data_key_id);
perform lock_held((select session_id from checkout_session where cart_id = :cart_id and status = 'open')); -- only postgres
update reservation set session_id = :session_id where status = 'active'
  and session_id = (select session_id from checkout_session where cart_id = :cart_id and status = 'open');
update checkout_session set status = 'replaced', contact = '', email_hashes = '[]', address_hash = '' where cart_id = :cart_id and status = 'open';
insert into checkout_session (session_id, cart_id, owner, status, cart_version, country, region, shipping_method, payment_method, contact, email_hashes, address_hash, billing_country, totals, created_at_ms, expires_at_ms)
  values (:session_id, :cart_id, :owner, 'open', :cart_version, :country, :region, :shipping_method, :payment_method, :contact, :email_hashes, :address_hash, :billing_country, :totals, now_ms(), now_ms() + :session_ttl_ms);
update cart set status = 'checkout', updated_at_ms = now_ms(), expires_at_ms = greater(expires_at_ms, now_ms() + greater(:cart_idle_ms, :session_ttl_ms)) where cart_id = :cart_id;
@finish
returning
(select laid_over(:reply, object('session_id', session_id, 'created_at_ms', created_at_ms, 'prices_validated_at_ms', created_at_ms,
    'expires_at_ms', expires_at_ms))
  from checkout_session where session_id = :session_id)
