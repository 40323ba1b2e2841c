-- The one transaction that makes an order out of an authorized saga (CHK-6): order, lines, number, stock committed,
-- payment, cart and session completed, history and events. All of it was decided in the saga's plan. A payment of nothing is captured
-- with it, one that no provider is asked for is pending; neither has a reference. An order that waits for its payment is due when its time is over (ORD-9). What it has held of accounts is spent. With a `hold` it
-- waits for a person (CHK-16), and keeps why.
-- in: saga_id text, lease_token text, to_state text, status text, reason text, hold jsonb?, card text?, reference text?, capture boolean, draws boolean?, due_in_ms bigint?, events
-- refuses: saga_moved_on, reservation_expired, cart_converted, payment_reference_taken
-- The cart before the saga, as whoever claims a cart takes them; which cart a saga is of never changes.
lock cart where cart_id = (select cart_id from saga where saga_id = :saga_id);
lock saga where saga_id = :saga_id;
refuse 'saga_moved_on'
  where not exists (select 1 from saga where saga_id = :saga_id and lease_token = :lease_token and state in ('authorizing', 'awaiting_action'));
-- only with draws
lock account where account_id in (select account_id from draw where saga_id = :saga_id and state = 'held') order by account_id;
perform lock_held((select session_id from saga where saga_id = :saga_id)); -- only postgres
refuse 'reservation_expired' where exists (select 1 from saga, each(saga.plan, 'lines', line)
    left join reservation on reservation.reservation_id = line.value ->> 'reservation_id'
      and reservation.status = 'active' and reservation.expires_at_ms > now_ms()
    where saga.saga_id = :saga_id and reservation.reservation_id is null);
perform lock_stock((select plan -> 'lines' from saga where saga_id = :saga_id), null); -- only postgres
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select line.value ->> 'sku', line.value ->> 'warehouse_id', 'commit', -integer(line.value ->> 'quantity'), -integer(line.value ->> 'quantity'), line.value ->> 'reservation_id', now_ms()
  from saga, each(saga.plan, 'lines', line) where saga.saga_id = :saga_id;
update stock set on_hand = on_hand - sold.quantity, reserved = reserved - sold.quantity
  from (select line.value ->> 'sku' as sku, line.value ->> 'warehouse_id' as warehouse_id, sum(integer(line.value ->> 'quantity')) as quantity
    from saga, each(saga.plan, 'lines', line) where saga.saga_id = :saga_id group by 1, 2) as sold
  where stock.sku = sold.sku and stock.warehouse_id = sold.warehouse_id;
-- The day's number last of all that others wait for.
insert into order_counter (day, last) values (replace(utc_day(now_ms()), '-', ''), 1)
  on conflict (day) do update set last = order_counter.last + 1;
insert into orders (order_id, order_number, cart_id, session_id, owner, status, version, currency, subtotal_minor, discount_minor,
    shipping_minor, tax_minor, total_minor, detail, contact, email_hash, address_hash, created_at_ms, updated_at_ms, due_at_ms)
  select plan ->> 'order_id', 'ORD-' || day || '-' || padded(last), saga.cart_id, saga.session_id, saga.owner, :status, 1, plan ->> 'currency',
    integer(plan ->> 'subtotal_minor'), integer(plan ->> 'discount_minor'), integer(plan ->> 'shipping_minor'), integer(plan ->> 'tax_minor'),
    integer(plan ->> 'total_minor'), with_member(with_member(with_member(with_member(part(plan, 'detail'), 'hold', document(:hold)), 'saga_id', saga.saga_id), 'attributes', document(kept.attributes)),
      'client_reference', kept.client_reference), session.contact, coalesce(session.email_hashes ->> 0, ''), session.address_hash, now_ms(), now_ms(), now_ms() + :due_in_ms
  from saga join checkout_session as session on session.session_id = saga.session_id
  join cart as kept on kept.cart_id = saga.cart_id
  join order_counter on day = replace(utc_day(now_ms()), '-', '')
  where saga.saga_id = :saga_id;
insert into order_line (order_id, line_no, sku, product_id, name, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, detail, warehouse_id, reservation_id)
  select plan ->> 'order_id', integer(line.value ->> 'line_no'), line.value ->> 'sku', line.value ->> 'product_id', line.value ->> 'name', integer(line.value ->> 'quantity'),
    integer(line.value ->> 'unit_price_minor'), integer(line.value ->> 'subtotal_minor'), integer(line.value ->> 'discount_minor'),
    integer(line.value ->> 'tax_minor'), integer(line.value ->> 'total_minor'),
    with_member(part(line.value, 'detail'), 'attributes', document((select kept.attributes from cart_line as kept
      where kept.cart_id = saga.cart_id and kept.sku = line.value ->> 'sku'))), line.value ->> 'warehouse_id', line.value ->> 'reservation_id'
  from saga, each(saga.plan, 'lines', line) where saga.saga_id = :saga_id;
update reservation set status = 'committed', expires_at_ms = null, order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id)
  where session_id = (select session_id from saga where saga_id = :saga_id) and status = 'active';
update payment set state = case when amount_minor = 0 then 'captured' when provider = 'none' then 'pending' when :capture then 'capture_pending' else 'authorized' end,
    reference = :reference, card = :card, updated_at_ms = now_ms(), order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id)
  where saga_id = :saga_id;
update promotion_use set state = 'used', order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id), at_ms = now_ms()
  where saga_id = :saga_id and state = 'held';
-- only with draws
insert into ledger (account_id, seq, kind, amount_minor, actor, order_id, at_ms)
  select d.account_id, (select coalesce(max(l.seq), 0) + 1 from ledger as l where l.account_id = d.account_id), 'spent', -d.units, g.owner, g.plan ->> 'order_id', now_ms()
  from draw as d join saga as g on g.saga_id = d.saga_id where d.saga_id = :saga_id and d.state = 'held';
-- only with draws
update account set balance_minor = account.balance_minor - d.units, held_minor = account.held_minor - d.units
  from draw as d where d.saga_id = :saga_id and d.state = 'held' and account.account_id = d.account_id;
-- only with draws
update draw set state = 'spent', order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id), at_ms = now_ms()
  where saga_id = :saga_id and state = 'held';
update saga set state = :to_state, updated_at_ms = now_ms() where saga_id = :saga_id;
-- The order has the contact now, and what the client kept with the cart.
update checkout_session set status = 'completed', contact = '', email_hashes = '[]', address_hash = '' where session_id = (select session_id from saga where saga_id = :saga_id);
update cart_line set attributes = '{}' where cart_id = (select cart_id from saga where saga_id = :saga_id) and attributes <> '{}';
update cart set status = 'completed', attributes = '{}', client_reference = null, version = version + 1, updated_at_ms = now_ms() where cart_id = (select cart_id from saga where saga_id = :saga_id);
insert into order_history (order_id, seq, to_status, actor, reason, at_ms)
  select plan ->> 'order_id', 1, :status, owner, :reason, now_ms() from saga where saga_id = :saga_id;
@finish
returning
(select object('order_id', order_id, 'order_number', order_number, 'created_at_ms', created_at_ms, 'status', status,
    'attributes', document(part(detail, 'attributes')), 'client_reference', detail ->> 'client_reference') from orders
  where order_id = (select plan ->> 'order_id' from saga where saga_id = :saga_id))
