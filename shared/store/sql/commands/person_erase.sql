-- Erases a person (SEC-6): the key of their contacts, every sealed text of theirs, what clients kept with their carts and orders, and the row with a customer's group and segments.
-- Their name at the payment provider becomes nobody's, and is deleted there (`payer_lease`). Orders, money and what happened stay. A checkout of theirs that is open ends, since it cannot be completed without a contact; an attempt that waits
-- for them is taken back.
-- in: owner text, customer_id text?, cancel_id text, actor text, reason text, idempotency…?, events
-- refuses: nothing_personal, cart_locked, idempotency_key_seen
@idempotent
lock cart where owner = :owner and status in ('active', 'checkout');
lock data_key where owner = :owner;
perform hold_subject('customer/' || :customer_id); -- only postgres
refuse 'nothing_personal' where not exists (select 1 from data_key where owner = :owner)
  and not exists (select 1 from customer where customer_id = :customer_id)
  and not exists (select 1 from payer where customer_id = :customer_id)
  and not exists (select 1 from cart where owner = :owner and status in ('active', 'checkout') and (attributes <> '{}' or client_reference is not null));
@supersede
refuse 'cart_locked' where exists (select 1 from cart where owner = :owner and status in ('active', 'checkout') and saga_id is not null);
@release_held((select s.session_id from cart as c join checkout_session as s on s.cart_id = c.cart_id and s.status = 'open' where c.owner = :owner and c.status in ('active', 'checkout')), true)
@append_history('person/' || :owner, 'erased', :actor, :reason,
  (select object('orders', count(*)) from orders where owner = :owner and contact > ''))
update checkout_session set status = 'abandoned' where status = 'open'
  and cart_id in (select cart_id from cart where owner = :owner and status in ('active', 'checkout'));
update cart set status = 'active', updated_at_ms = now_ms() where owner = :owner and status in ('active', 'checkout');
update checkout_session set contact = '', email_hashes = '[]', address_hash = '' where owner = :owner and contact > '';
update promotion_use set email_hash = '' where email_hash > '' and saga_id in (select o.detail ->> 'saga_id' from orders as o where o.owner = :owner);
update payment set card = null where card > '' and saga_id in (select o.detail ->> 'saga_id' from orders as o where o.owner = :owner);
update orders set contact = '', email_hash = '', address_hash = '', updated_at_ms = now_ms() where owner = :owner and contact > '';
update cart_line set attributes = '{}' where attributes <> '{}' and cart_id in (select cart_id from cart where owner = :owner and status in ('active', 'checkout')
  union all select cart_id from cart where owner = :owner and status = 'abandoned' union all select cart_id from cart where owner = :owner and status = 'merged');
update cart set attributes = '{}', client_reference = null where cart_id in (select cart_id from cart where owner = :owner and status in ('active', 'checkout')
  union all select cart_id from cart where owner = :owner and status = 'abandoned' union all select cart_id from cart where owner = :owner and status = 'merged');
update order_line set detail = with_member(detail, 'attributes', object()) where part(detail, 'attributes') <> '{}'
  and order_id in (select order_id from orders where owner = :owner);
update orders set detail = with_member(with_member(detail, 'attributes', object()), 'client_reference', null), updated_at_ms = now_ms()
  where owner = :owner and (part(detail, 'attributes') <> '{}' or detail ->> 'client_reference' is not null);
delete from data_key where owner = :owner;
@append_change('customer/' || :customer_id, 'deleted', :actor, (select @customer_facts_json(c) from customer as c where c.customer_id = :customer_id), null)
delete from customer where customer_id = :customer_id;
update payer set customer_id = null, next_attempt_at_ms = now_ms() where customer_id = :customer_id;
update promotion_code set active = 0, sharer = null where sharer = :customer_id;
delete from attempt_window where subject in ('gift-card/' || :owner, 'promotion-code/' || :owner);
@finish
returning
(select object('owner', :owner, 'orders', h.data -> 'orders', 'erased_at_ms', h.at_ms) from history as h
  where h.subject = 'person/' || :owner order by h.seq desc limit 1)
