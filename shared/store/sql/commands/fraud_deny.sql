-- Writes down that a confirm was denied, and what rules have found in it (CHK-16). One that was denied before anybody was asked is its session's
-- end, with `closes`: what is held goes free, and the cart is its owner's to change.
-- in: session_id text, owner text, currency text, total_minor bigint, found jsonb, closes boolean?
-- refuses: session_closed, cart_locked
lock cart where cart_id = (select cart_id from checkout_session where session_id = :session_id);
perform hold_subject('fraud'); -- only postgres
-- only with closes
refuse 'session_closed' where not exists (select 1 from checkout_session where session_id = :session_id and status = 'open');
-- only with closes
refuse 'cart_locked'
  where exists (select 1 from cart where saga_id is not null and cart_id = (select cart_id from checkout_session where session_id = :session_id));
@append_history('fraud', 'denied', :owner, null,
  object('session_id', :session_id, 'currency', :currency, 'total_minor', :total_minor, 'found', document(:found)))
@release_held(:session_id, :closes is not null)
-- only with closes
update checkout_session set status = 'abandoned' where session_id = :session_id;
-- only with closes
update cart set status = 'active', updated_at_ms = now_ms() where cart_id = (select cart_id from checkout_session where session_id = :session_id);
returning
(select object('session_id', session_id, 'status', status) from checkout_session where session_id = :session_id)
