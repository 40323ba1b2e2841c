-- Every function of the PostgreSQL store, made of sql/postgres and sql/fragments by build/main.rs: after the baseline, at every upgrade.
-- `UPDATE_FUNCTIONS=1 cargo test -p store` writes this file anew.

begin;
select pg_advisory_xact_lock(hashtext('edgetill schema'));
set local check_function_bodies = off;

-- Ends locked carts: what is held for them goes back, an open session is closed, and who listens hears of it. A cart is abandoned once, so its
-- id is the event's.
create or replace function abandon_carts(due text[]) returns void language plpgsql as $$
begin
  perform release_reservations((select array(select reservation_id from reservation
    where status = 'active' and session_id in (select session_id from checkout_session where cart_id = any (due) and status = 'open')
    order by reservation_id for update)));
  update checkout_session set status = 'expired' where cart_id = any (due) and status = 'open';
  insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select cart_id, 'cart/' || cart_id, 'cart.abandoned', jsonb_build_object('cart_id', cart_id, 'owner', owner, 'version', version + 1,
        'currency', currency, 'country', country, 'expired_at_ms', expires_at_ms,
        'items_count', coalesce((select sum(quantity) from cart_line where cart_line.cart_id = cart.cart_id), 0)), 'pending', 0, now_ms(), 0, now_ms()
    from cart where cart_id = any (due) order by expires_at_ms, cart_id;
  update cart set status = 'abandoned', version = version + 1, updated_at_ms = now_ms() where cart_id = any (due);
end
$$;

-- The events of a command, in their order, each completed with what it names of the receipt (`assigned`).
create or replace function add_events(doc jsonb, assigned jsonb default '{}') returns void language plpgsql as $$
begin
  insert into outbox (event_id, aggregate, type, data, state, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select event ->> 'event_id', event ->> 'aggregate', event ->> 'type',
      (event -> 'data') || coalesce((select jsonb_object_agg(field, assigned -> field) from jsonb_array_elements_text(event -> 'assigned') as field
        where assigned ->> field is not null), '{}'), 'pending', 0, now_ms(), 0, now_ms()
    from each_item(doc -> 'events') with ordinality as each (event, place) order by place;
end
$$;

-- The elements of a list that may be absent or null.
create or replace function each_item(list jsonb) returns setof jsonb language sql immutable as $$
  select jsonb_array_elements(case jsonb_typeof(list) when 'array' then list else '[]' end)
$$;

-- Last in a command: its events, and the receipt for replays; answers the receipt.
create or replace function finish_command(doc jsonb, assigned jsonb) returns jsonb language plpgsql as $$
begin
  perform add_events(doc, assigned);
  update idempotency set receipt = assigned where idempotency_key = doc ->> 'idempotency_key';
  return assigned;
end
$$;

-- What a change of one line assigned, laid over the part of the reply that was known before.
create or replace function line_receipt(doc jsonb) returns jsonb language plpgsql stable as $$
begin
  return (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('cart_id', c.cart_id, 'version', c.version,
      'quantity', coalesce((select quantity from cart_line as l where l.cart_id = c.cart_id and l.sku = doc ->> 'sku'), 0))
    from cart as c where c.cart_id = doc ->> 'cart_id');
end
$$;

-- The owner's live cart, not held by a confirm, at a version the caller accepts (null = any), and locked: whoever
-- else would change it waits, and then meets it as it will be. With a `cancel_id` an attempt that waits for its buyer ends: they want another cart
-- than the one it pays for.
create or replace function lock_editable_cart(doc jsonb) returns void language plpgsql as $$
declare
  the_cart cart;
begin
  select * into the_cart from cart as c
    where cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c) for update;
  if not found then raise exception 'cart_not_found'; end if;
  if supersede(doc) is null and the_cart.saga_id is not null then raise exception 'cart_locked'; end if;
  if doc ->> 'if_versions' is not null and not doc -> 'if_versions' @> to_jsonb(the_cart.version) then
    raise exception 'version_conflict';
  end if;
end
$$;

-- The reservations a session holds, locked. Reservations come before stock, always: who waits for stock holds
-- all reservations it will need.
create or replace function lock_held(of_session text) returns text[] language plpgsql as $$
begin
  return (select array(select reservation_id from reservation where session_id = of_session and status = 'active' order by reservation_id for update));
end
$$;

-- Locks the counters of these lines ([{sku, warehouse_id}]) and of these reservations, all in one pass and in one order,
-- so that two that need the same ones never wait for each other.
create or replace function lock_stock(lines jsonb, held text[]) returns void language plpgsql as $$
begin
  perform 1 from stock
    where (sku, warehouse_id) in (
      select line ->> 'sku', line ->> 'warehouse_id' from each_item(lines) as line
      union select sku, warehouse_id from reservation where reservation_id = any (held))
    order by sku, warehouse_id for update;
end
$$;

-- The database's clock plus the offset that only tests move. One instant for all of a statement, as on SQLite.
create or replace function now_ms() returns bigint language plpgsql stable as $$
begin
  return (select (extract(epoch from statement_timestamp()) * 1000)::bigint + (select offset_ms from clock));
end
$$;

-- Gives back what a session holds, if that is wanted.
create or replace function release_held(of_session text, wanted boolean) returns void language plpgsql as $$
begin
  if wanted then perform release_reservations(lock_held(of_session)); end if;
end
$$;

-- Gives locked reservations back: a movement each, then the counters, then the mark.
create or replace function release_reservations(held text[]) returns void language plpgsql as $$
begin
  perform lock_stock(null, held);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select sku, warehouse_id, 'release', 0, -quantity, reservation_id, now_ms() from reservation where reservation_id = any (held) order by reservation_id;
  update stock set reserved = reserved - back.quantity
    from (select sku, warehouse_id, sum(quantity) as quantity from reservation where reservation_id = any (held) group by sku, warehouse_id) as back
    where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
  update reservation set status = 'released' where reservation_id = any (held);
end
$$;

-- Ends the owner's attempt that waits for its buyer, if there is one and the document has a `cancel_id`: it makes no order any more, its
-- cart, which the caller has locked, is free, and what it asked of the provider is owed back. Answers which it was.
create or replace function supersede(doc jsonb) returns text language plpgsql as $$
declare
  the_saga saga;
begin
  if doc ->> 'cancel_id' is null then return null; end if;
  update saga set state = 'superseded', lease_until_ms = 0, updated_at_ms = now_ms()
    where owner = doc ->> 'owner' and state = 'awaiting_action' returning * into the_saga;
  if not found then return null; end if;
  insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
    select doc ->> 'cancel_id', 'cancel_intent', payment_id, saga_id, amount_minor, 'pending', 'superseded', 0, now_ms(), 0, now_ms()
    from payment where saga_id = the_saga.saga_id;
  update cart set saga_id = null where cart_id = the_saga.cart_id and saga_id = the_saga.saga_id;
  return the_saga.saga_id;
end
$$;

-- The key is of this attempt from now on. One whose attempt has ended without an order is free (CHK-4).
create or replace function take_confirm_key(doc jsonb) returns void language plpgsql as $$
begin
  delete from confirm_key as k where k.owner = doc ->> 'owner' and k.idempotency_key = doc ->> 'idempotency_key'
    and exists (select from saga as g where g.saga_id = k.saga_id and g.state in ('declined', 'failed', 'voiding', 'superseded'));
  insert into confirm_key (owner, idempotency_key, saga_id, request_hash, created_at_ms)
    values (doc ->> 'owner', doc ->> 'idempotency_key', doc ->> 'saga_id', doc ->> 'request_hash', now_ms());
end
$$;

-- First of all in a command that can be replayed: the key is taken, or UNIQUE says it was and the caller
-- reads the stored receipt. No key, no row. An expired record is as good as none.
-- A second sender of the key waits here until the first has committed or failed.
create or replace function take_idempotency_key(doc jsonb) returns void language plpgsql as $$
begin
  if doc ->> 'idempotency_key' is null then return; end if;
  delete from idempotency where idempotency_key = doc ->> 'idempotency_key' and expires_at_ms <= now_ms();
  insert into idempotency (idempotency_key, request_hash, receipt, expires_at_ms)
    values (doc ->> 'idempotency_key', doc ->> 'request_hash', null, now_ms() + (doc ->> 'idempotency_ttl_ms')::bigint);
end
$$;

-- One change, one version; and the cart's time begins anew.
create or replace function touch_cart(doc jsonb) returns void language plpgsql as $$
begin
  update cart set version = version + 1, updated_at_ms = now_ms(), expires_at_ms = greatest(expires_at_ms, now_ms() + (doc ->> 'cart_idle_ms')::bigint)
    where cart_id = doc ->> 'cart_id';
end
$$;

-- What somebody did to a subject, appended. Whoever does it holds the subject's row, so no two draw one number.
create or replace function append_history(of_subject text, what text, of_actor text, of_reason text, facts jsonb) returns void language plpgsql as $$
begin
  insert into history (subject, seq, kind, actor, reason, at_ms, data)
    values (of_subject, (select coalesce(max(seq), 0) + 1 from history where subject = of_subject), what, of_actor, of_reason, now_ms(), facts);
end
$$;

-- What there is of a SKU for a cart: what is free, and what the cart's own session holds.
create or replace function available_to(of_cart text, of_sku text) returns bigint language plpgsql stable as $$
begin
  return (select sum(on_hand - reserved) + coalesce((select sum(quantity) from reservation as own
      where own.session_id = (select session_id from checkout_session as open where open.cart_id = of_cart and open.status = 'open')
        and own.status = 'active' and own.sku = of_sku), 0)
    from stock where stock.sku = of_sku);
end
$$;

-- A cart, whole: its lines with the catalog's, price list's and stock's word on each, oldest first.
create or replace function cart_json(c cart) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('now_ms', now_ms(), 'cart_id', c.cart_id, 'owner', c.owner, 'status', c.status, 'currency', c.currency, 'country', c.country,
    'version', c.version, 'locked', coalesce(c.saga_id is not null, false), 'updated_at_ms', c.updated_at_ms, 'expires_at_ms', c.expires_at_ms,
    'lines', ((select coalesce(jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', l.quantity, 'added_price_minor', l.added_price_minor,
        'product_id', s.product_id, 'name', s.name, 'category', s.category, 'tax_class', s.tax_class, 'weight_g', s.weight_g,
        'active', coalesce(s.active = 1, false), 'price_minor', p.amount_minor, 'available', available_to(l.cart_id, l.sku)) order by l.added_at_ms, l.sku), '[]')
      from cart_line as l
      left join sku as s on s.sku = l.sku
      left join price as p on p.sku = l.sku and p.currency = c.currency
      where l.cart_id = c.cart_id)));
end
$$;

-- What people and programs did to a subject, oldest first.
create or replace function history_json(of_subject text) returns jsonb language sql stable as $$
  select ((select coalesce(jsonb_agg(jsonb_build_object('seq', h.seq, 'kind', h.kind, 'actor', h.actor, 'reason', h.reason, 'at_ms', h.at_ms, 'data', (h.data)) order by h.seq), '[]')
    from history as h where h.subject = of_subject))
$$;

-- An order, whole: lines, history and payment.
create or replace function order_json(o orders) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('order_id', o.order_id, 'order_number', o.order_number, 'cart_id', o.cart_id, 'session_id', o.session_id, 'owner', o.owner,
    'status', o.status, 'version', o.version, 'currency', o.currency, 'subtotal_minor', o.subtotal_minor, 'discount_minor', o.discount_minor,
    'shipping_minor', o.shipping_minor, 'tax_minor', o.tax_minor, 'total_minor', o.total_minor, 'detail', (o.detail), 'contact', o.contact,
    'created_at_ms', o.created_at_ms, 'updated_at_ms', o.updated_at_ms, 'expires_at_ms', o.expires_at_ms,
    'cancelled_at_ms', o.cancelled_at_ms, 'completed_at_ms', o.completed_at_ms,
    'lines', ((select coalesce(jsonb_agg(jsonb_build_object('line_no', l.line_no, 'sku', l.sku, 'product_id', l.product_id, 'name', l.name, 'quantity', l.quantity,
        'unit_price_minor', l.unit_price_minor, 'subtotal_minor', l.subtotal_minor, 'discount_minor', l.discount_minor, 'tax_minor', l.tax_minor,
        'total_minor', l.total_minor, 'detail', (l.detail), 'warehouse_id', l.warehouse_id, 'reservation_id', l.reservation_id) order by l.line_no), '[]')
      from order_line as l where l.order_id = o.order_id)),
    'history', ((select coalesce(jsonb_agg(jsonb_build_object('seq', h.seq, 'from_status', h.from_status, 'to_status', h.to_status, 'actor', h.actor,
        'reason', h.reason, 'at_ms', h.at_ms) order by h.seq), '[]')
      from order_history as h where h.order_id = o.order_id)),
    'payment', ((select jsonb_build_object('payment_id', p.payment_id, 'saga_id', p.saga_id, 'provider', p.provider, 'method', p.method, 'state', p.state,
        'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor, 'saga_state', g.state)
      from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = o.detail ->> 'saga_id')));
end
$$;

-- A payment, as the provider is asked about it.
create or replace function payment_json(p payment) returns jsonb language sql stable as $$
  select jsonb_build_object('payment_id', p.payment_id, 'reference', p.reference, 'method', p.method, 'state', p.state, 'currency', p.currency,
    'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor)
$$;

-- All that totals are made of: a cart, for a zone. Stock held for the cart's own session counts as available to it, so that a retry after a
-- decline finds it.
create or replace function pricing_json(c cart, to_zone text, own_session text) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('cart', cart_json(c),
    'currency', ((select jsonb_build_object('currency', known.currency, 'minor_digits', known.minor_digits, 'minimum_minor', known.minimum_minor,
        'ceiling_minor', known.ceiling_minor) from currency as known where known.currency = c.currency)),
    'zone', to_zone,
    'taxes', ((select coalesce(jsonb_agg(jsonb_build_object('tax_class', tax_class, 'rate', rate, 'inclusive', coalesce(inclusive = 1, false), 'rounding', rounding)), '[]')
      from tax where tax.zone = to_zone)),
    'rates', ((select coalesce(jsonb_agg(jsonb_build_object('method_id', r.method_id, 'name', m.name, 'warehouse_id', nullif(r.warehouse_id, ''),
        'min_weight_g', r.min_weight_g, 'min_subtotal_minor', r.min_subtotal_minor, 'amount_minor', r.amount_minor)), '[]')
      from shipping_rate as r join shipping_method as m on m.method_id = r.method_id and m.active = 1
      where r.zone = to_zone and r.currency = c.currency)),
    'levels', ((select coalesce(jsonb_agg(jsonb_build_object('sku', k.sku, 'warehouse_id', k.warehouse_id, 'on_hand', k.on_hand,
        'reserved', k.reserved - coalesce((select sum(quantity) from reservation as own where own.session_id = own_session
          and own.status = 'active' and own.sku = k.sku and own.warehouse_id = k.warehouse_id), 0),
        'priority', w.priority) order by k.sku, k.warehouse_id), '[]')
      from cart_line as l join stock as k on k.sku = l.sku join warehouse as w on w.warehouse_id = k.warehouse_id
      where l.cart_id = c.cart_id)));
end
$$;

-- A saga with its payment, as the one driver takes it.
create or replace function saga_json(g saga) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('saga_id', g.saga_id, 'session_id', g.session_id, 'cart_id', g.cart_id, 'owner', g.owner, 'state', g.state,
    'plan', (g.plan), 'reason', g.reason, 'attempts', g.attempts, 'capture_attempts', g.capture_attempts,
    'failing_since_ms', g.failing_since_ms, 'lease_token', g.lease_token, 'lease_until_ms', g.lease_until_ms,
    'created_at_ms', g.created_at_ms, 'now_ms', now_ms(),
    'reserved_until_ms', (select min(r.expires_at_ms) from reservation as r where r.session_id = g.session_id and r.status = 'active'),
    'payment', ((select payment_json(p) from payment as p where p.saga_id = g.saga_id)));
end
$$;

-- A SKU with its prices.
create or replace function sku_json(s sku) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('sku', s.sku, 'product_id', s.product_id, 'name', s.name, 'category', s.category, 'tax_class', s.tax_class, 'weight_g', s.weight_g,
    'active', coalesce(s.active = 1, false), 'prices', ((select coalesce(jsonb_object_agg(p.currency, p.amount_minor), '{}') from price as p where p.sku = s.sku)));
end
$$;

-- A live cart that is not gone by the clock (CART-10): its time has not come, or a confirm holds it.
create or replace function unexpired(c cart) returns boolean language sql stable as $$
  select (c.expires_at_ms > now_ms() or c.saga_id is not null)
$$;

-- The destination's zone: the region's where it has one, else the country's.
create or replace function zone_of(to_country text, to_region text) returns text language plpgsql stable as $$
begin
  return (select z.zone from zone as z where z.country = to_country and z.region in ('', to_region) order by z.region desc limit 1);
end
$$;

-- Ends the owner's attempt that waits for its buyer, for what changes more than their own cart: a merge. One whose provider is being asked is not
-- ended: until that is known the cart is held.
-- in: owner text, cancel_id text
-- refuses: cart_locked
create or replace function attempt_give_up(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where owner = (doc ->> 'owner') and status in ('active', 'checkout') for update;
  if exists (select 1 from saga where owner = (doc ->> 'owner') and state in ('authorizing', 'awaiting_action') and state = 'authorizing')
    then raise exception 'cart_locked'; end if;
  perform supersede(doc);
  return (select jsonb_build_object('given_up', count(*)) from compensation where compensation_id = (doc ->> 'cancel_id'));
end
$$;

-- Adds to a line's quantity: a delta, so that parallel adds never conflict and never lose one another (CART-1). A sum beyond what a quantity
-- may be is for the CHECK to refuse, not for the type to fail at.
-- in: cart_id text, owner text, sku text, quantity bigint, price_minor bigint, line_limit bigint, quantity_limit bigint, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, too_many_lines, quantity_out_of_range, idempotency_key_seen
create or replace function cart_add_line(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
    values ((doc ->> 'cart_id'), (doc ->> 'sku'), least((doc ->> 'quantity')::bigint, 10001), (doc ->> 'price_minor')::bigint, now_ms())
    on conflict (cart_id, sku) do update set quantity = cart_line.quantity + excluded.quantity;
  if (select quantity from cart_line where cart_id = (doc ->> 'cart_id') and sku = (doc ->> 'sku')) > (doc ->> 'quantity_limit')::bigint
    then raise exception 'quantity_out_of_range'; end if;
  if (select count(*) from cart_line where cart_id = (doc ->> 'cart_id')) > (doc ->> 'line_limit')::bigint
    then raise exception 'too_many_lines'; end if;
  perform touch_cart(doc);
  return finish_command(doc, line_receipt(doc));
end
$$;

-- Removes every line; the cart stays.
-- in: cart_id text, owner text, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, idempotency_key_seen
create or replace function cart_clear(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  delete from cart_line where cart_id = (doc ->> 'cart_id');
  perform touch_cart(doc);
  return finish_command(doc, (select jsonb_build_object('cart_id', cart_id, 'version', version, 'lines', 0) from cart where cart_id = (doc ->> 'cart_id')));
end
$$;

-- Removes a line.
-- in: cart_id text, owner text, sku text, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, idempotency_key_seen
create or replace function cart_remove_line(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  if not exists (select 1 from cart_line where cart_id = (doc ->> 'cart_id') and sku = (doc ->> 'sku'))
    then raise exception 'line_not_found'; end if;
  delete from cart_line where cart_id = (doc ->> 'cart_id') and sku = (doc ->> 'sku');
  perform touch_cart(doc);
  return finish_command(doc, line_receipt(doc));
end
$$;

-- Replaces a line's quantity.
-- in: cart_id text, owner text, sku text, quantity bigint, quantity_limit bigint, cart_idle_ms bigint, if_versions jsonb?, cancel_id text?, reply jsonb?, idempotency…?, events
-- refuses: cart_not_found, cart_locked, version_conflict, line_not_found, quantity_out_of_range, idempotency_key_seen
create or replace function cart_set_quantity(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform lock_editable_cart(doc);
  if not exists (select 1 from cart_line where cart_id = (doc ->> 'cart_id') and sku = (doc ->> 'sku'))
    then raise exception 'line_not_found'; end if;
  if (doc ->> 'quantity')::bigint > (doc ->> 'quantity_limit')::bigint
    then raise exception 'quantity_out_of_range'; end if;
  update cart_line set quantity = (doc ->> 'quantity')::bigint where cart_id = (doc ->> 'cart_id') and sku = (doc ->> 'sku');
  perform touch_cart(doc);
  return finish_command(doc, line_receipt(doc));
end
$$;

-- Closes a session whose buyer wants none of it: an attempt that waits for them ends, what is held goes free, and the cart is theirs to change.
-- in: session_id text, owner text, cancel_id text
-- refuses: session_closed, cart_locked
create or replace function checkout_abandon(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where cart_id = (select cart_id from checkout_session where session_id = (doc ->> 'session_id') and owner = (doc ->> 'owner')) for update;
  if not exists (select 1 from checkout_session where session_id = (doc ->> 'session_id') and owner = (doc ->> 'owner') and status = 'open')
    then raise exception 'session_closed'; end if;
  perform supersede(doc);
  if exists (select 1 from cart where saga_id is not null and cart_id = (select cart_id from checkout_session where session_id = (doc ->> 'session_id')))
    then raise exception 'cart_locked'; end if;
  perform release_held((doc ->> 'session_id'), true);
  update checkout_session set status = 'abandoned' where session_id = (doc ->> 'session_id');
  update cart set status = 'active', updated_at_ms = now_ms() where cart_id = (select cart_id from checkout_session where session_id = (doc ->> 'session_id'));
  return (select jsonb_build_object('session_id', session_id, 'cart_id', cart_id, 'status', status) from checkout_session where session_id = (doc ->> 'session_id'));
end
$$;

-- Opens a checkout session on the cart as the buyer saw it; an open one is replaced, and what it holds passes on to the new one without
-- going free. With a `cancel_id` an attempt that waits for its buyer ends: they begin anew. The cart lives at
-- least as long. `contact` is sealed.
-- in: session_id text, cart_id text, owner text, cart_version bigint, country text, region text, shipping_method text, payment_method text, contact text, totals jsonb, session_ttl_ms bigint, cart_idle_ms bigint, cancel_id text?, reply jsonb?, idempotency…?
-- refuses: cart_not_found, cart_locked, cart_changed, idempotency_key_seen
create or replace function checkout_begin(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform 1 from cart where cart_id = (doc ->> 'cart_id') for update;
  if not exists (select 1 from cart as c where cart_id = (doc ->> 'cart_id') and owner = (doc ->> 'owner') and status in ('active', 'checkout') and unexpired(c))
    then raise exception 'cart_not_found'; end if;
  perform supersede(doc);
  if exists (select 1 from cart where cart_id = (doc ->> 'cart_id') and saga_id is not null)
    then raise exception 'cart_locked'; end if;
  if not exists (select 1 from cart where cart_id = (doc ->> 'cart_id') and version = (doc ->> 'cart_version')::bigint)
    then raise exception 'cart_changed'; end if;
  perform lock_held((select session_id from checkout_session where cart_id = (doc ->> 'cart_id') and status = 'open'));
  update reservation set session_id = (doc ->> 'session_id') where status = 'active'
    and session_id = (select session_id from checkout_session where cart_id = (doc ->> 'cart_id') and status = 'open');
  update checkout_session set status = 'replaced' where cart_id = (doc ->> 'cart_id') and status = 'open';
  insert into checkout_session (session_id, cart_id, owner, status, cart_version, country, region, shipping_method, payment_method, contact, totals, created_at_ms, expires_at_ms)
    values ((doc ->> 'session_id'), (doc ->> 'cart_id'), (doc ->> 'owner'), 'open', (doc ->> 'cart_version')::bigint, (doc ->> 'country'), (doc ->> 'region'), (doc ->> 'shipping_method'), (doc ->> 'payment_method'), (doc ->> 'contact'), nullif(doc -> 'totals', 'null'), now_ms(), now_ms() + (doc ->> 'session_ttl_ms')::bigint);
  update cart set status = 'checkout', updated_at_ms = now_ms(), expires_at_ms = greatest(expires_at_ms, now_ms() + greatest((doc ->> 'cart_idle_ms')::bigint, (doc ->> 'session_ttl_ms')::bigint)) where cart_id = (doc ->> 'cart_id');
  return finish_command(doc, (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('session_id', session_id, 'created_at_ms', created_at_ms, 'prices_validated_at_ms', created_at_ms,
      'expires_at_ms', expires_at_ms)
    from checkout_session where session_id = (doc ->> 'session_id')));
end
$$;

-- An operator settles what is dead or waits, by hand or for good: nobody tries it any more. Fenced by what was read, so of two at once one wins.
-- in: compensation_id text, legal_from jsonb, state text, attempts bigint, retries bigint, payment_state text, payment_refunded_minor bigint, to_payment_state text?, captured_minor bigint, refunded_minor bigint, saga_state text, outcome text, actor text, reason text, idempotency…?, events
-- refuses: compensation_moved_on, idempotency_key_seen
create or replace function compensation_resolve(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform 1 from compensation where compensation_id = (doc ->> 'compensation_id') for update;
  perform 1 from saga where saga_id = (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id')) for update;
  perform 1 from payment where payment_id = (select payment_id from compensation where compensation_id = (doc ->> 'compensation_id')) for update;
  if not exists (select 1 from compensation as k join payment as p on p.payment_id = k.payment_id, each_item(nullif(doc -> 'legal_from', 'null')) as legal (value)
      where k.compensation_id = (doc ->> 'compensation_id') and k.state = (legal.value #>> '{}') and k.state = (doc ->> 'state') and k.attempts = (doc ->> 'attempts')::bigint and k.retries = (doc ->> 'retries')::bigint
        and k.lease_until_ms <= now_ms() and p.state = (doc ->> 'payment_state') and p.refunded_minor = (doc ->> 'payment_refunded_minor')::bigint)
    then raise exception 'compensation_moved_on'; end if;
  perform append_history('compensation/' || (doc ->> 'compensation_id'), 'resolved', (doc ->> 'actor'), (doc ->> 'reason'),
    (select jsonb_build_object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms, 'last_error', last_error, 'outcome', (doc ->> 'outcome'))
      from compensation where compensation_id = (doc ->> 'compensation_id')));
  update compensation set state = 'resolved', lease_token = null, lease_until_ms = 0 where compensation_id = (doc ->> 'compensation_id');
  update payment set state = coalesce((doc ->> 'to_payment_state'), state), captured_minor = captured_minor + (doc ->> 'captured_minor')::bigint,
      refunded_minor = refunded_minor + (doc ->> 'refunded_minor')::bigint, updated_at_ms = now_ms()
    where payment_id = (select payment_id from compensation where compensation_id = (doc ->> 'compensation_id'));
  update saga set state = (doc ->> 'saga_state'), updated_at_ms = now_ms()
    where state = 'voiding' and saga_id = (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id'));
  delete from alert where alert_id in ('compensation_dead:' || (doc ->> 'compensation_id'), 'compensation_failing:' || (doc ->> 'compensation_id'),
      'capture_failing:' || (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id')));
  return finish_command(doc, (select jsonb_build_object('compensation_id', k.compensation_id, 'state', k.state, 'outcome', (doc ->> 'outcome'), 'payment_state', p.state)
    from compensation as k join payment as p on p.payment_id = k.payment_id where k.compensation_id = (doc ->> 'compensation_id')));
end
$$;

-- An operator has it tried again: what is dead as if it were new, what waits now. Fenced by what was read, so of two at once one wins.
-- in: compensation_id text, legal_from jsonb, state text, attempts bigint, retries bigint, payment_state text, to_payment_state text?, actor text, reason text, idempotency…?
-- refuses: compensation_moved_on, compensation_replaced, idempotency_key_seen
create or replace function compensation_retry(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform 1 from compensation where compensation_id = (doc ->> 'compensation_id') for update;
  perform 1 from saga where saga_id = (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id')) for update;
  perform 1 from payment where payment_id = (select payment_id from compensation where compensation_id = (doc ->> 'compensation_id')) for update;
  if not exists (select 1 from compensation as k join payment as p on p.payment_id = k.payment_id, each_item(nullif(doc -> 'legal_from', 'null')) as legal (value)
      where k.compensation_id = (doc ->> 'compensation_id') and k.state = (legal.value #>> '{}') and k.state = (doc ->> 'state') and k.attempts = (doc ->> 'attempts')::bigint and k.retries = (doc ->> 'retries')::bigint
        and k.lease_until_ms <= now_ms() and (k.state = 'dead' or k.next_attempt_at_ms > now_ms()) and p.state = (doc ->> 'payment_state'))
    then raise exception 'compensation_moved_on'; end if;
  if exists (select 1 from compensation as k join compensation as other on other.payment_id = k.payment_id
      where k.compensation_id = (doc ->> 'compensation_id') and other.state = 'pending' and other.compensation_id <> k.compensation_id)
    then raise exception 'compensation_replaced'; end if;
  perform append_history('compensation/' || (doc ->> 'compensation_id'), 'retried', (doc ->> 'actor'), (doc ->> 'reason'),
    (select jsonb_build_object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms, 'last_error', last_error)
      from compensation where compensation_id = (doc ->> 'compensation_id')));
  update compensation set state = 'pending', next_attempt_at_ms = now_ms(), lease_token = null, lease_until_ms = 0,
      attempts = case state when 'dead' then 0 else attempts end, retries = retries + (state = 'dead')::integer,
      failing_since_ms = case state when 'dead' then null else failing_since_ms end
    where compensation_id = (doc ->> 'compensation_id');
  update payment set state = coalesce((doc ->> 'to_payment_state'), state), updated_at_ms = now_ms()
    where payment_id = (select payment_id from compensation where compensation_id = (doc ->> 'compensation_id'));
  delete from alert where alert_id in ('compensation_dead:' || (doc ->> 'compensation_id'), 'compensation_failing:' || (doc ->> 'compensation_id'),
      'capture_failing:' || (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id')));
  return finish_command(doc, (select jsonb_build_object('compensation_id', compensation_id, 'state', state, 'attempts', attempts, 'retries', retries, 'next_attempt_at_ms', next_attempt_at_ms)
    from compensation where compensation_id = (doc ->> 'compensation_id')));
end
$$;

-- Writes down what became of a compensation that was taken: done, waiting, to be tried again, given back untried, or dead. An alert is raised
-- once for what fails again and again, and once for what is dead (CHK-8). `next` is what takes its place: a refund of what a void found taken.
-- in: compensation_id text, lease_token text, state text, tried boolean, retry_in_ms bigint, error text?, payment_state text?, reference text?, captured_minor bigint?, refunded_minor bigint, refund_reference text?, saga_state text?, next jsonb?, alert text?, events
-- refuses: compensation_moved_on, payment_reference_taken
create or replace function compensation_settle(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from compensation where compensation_id = (doc ->> 'compensation_id') for update;
  if not exists (select 1 from compensation where compensation_id = (doc ->> 'compensation_id') and lease_token = (doc ->> 'lease_token') and state = 'pending')
    then raise exception 'compensation_moved_on'; end if;
  perform 1 from saga where saga_id = (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id')) for update;
  update compensation set state = (doc ->> 'state'), attempts = attempts + ((doc ->> 'tried')::boolean)::integer, last_error = coalesce((doc ->> 'error'), last_error), refund_reference = (doc ->> 'refund_reference'),
      failing_since_ms = case when (doc ->> 'tried')::boolean and (doc ->> 'error') is not null then coalesce(failing_since_ms, now_ms()) else failing_since_ms end,
      lease_until_ms = 0, next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint
    where compensation_id = (doc ->> 'compensation_id');
  update payment set state = coalesce((doc ->> 'payment_state'), state), reference = coalesce((doc ->> 'reference'), reference),
      captured_minor = coalesce((doc ->> 'captured_minor')::bigint, captured_minor), refunded_minor = refunded_minor + (doc ->> 'refunded_minor')::bigint, updated_at_ms = now_ms()
    where payment_id = (select payment_id from compensation where compensation_id = (doc ->> 'compensation_id'));
  update saga set state = (doc ->> 'saga_state'), updated_at_ms = now_ms()
    where (doc ->> 'saga_state') is not null and state = 'voiding' and saga_id = (select saga_id from compensation where compensation_id = (doc ->> 'compensation_id'));
  if doc ->> 'next' is not null then
      insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
      select nullif(doc -> 'next', 'null') ->> 'compensation_id', nullif(doc -> 'next', 'null') ->> 'kind', payment_id, saga_id, (nullif(doc -> 'next', 'null') ->> 'amount_minor')::bigint, 'pending', reason, 0, now_ms(), 0, now_ms()
      from compensation where compensation_id = (doc ->> 'compensation_id') and nullif(doc -> 'next', 'null') is not null;
    end if;
  if doc ->> 'alert' is not null then
      insert into alert (alert_id, detail, at_ms)
      select case (doc ->> 'state') when 'dead' then 'compensation_dead:' else 'compensation_failing:' end || (doc ->> 'compensation_id'), (doc ->> 'alert'), now_ms() where (doc ->> 'alert') is not null on conflict do nothing;
    end if;
  perform add_events(doc);
  return (select jsonb_build_object('state', state, 'attempts', attempts) from compensation where compensation_id = (doc ->> 'compensation_id'));
end
$$;

-- The claim: the saga's row, the cart held, the stock reserved and the payment written down, all or nothing,
-- before any provider is called (CHK-6, STOCK-1, STOCK-2). `plan` is what recovery will work from.
-- With a `cancel_id` it takes the place of the attempt `supersedes` that waits for its buyer; what that held is this one's without ever going free.
-- Demand is summed per SKU and warehouse first, since an UPDATE … FROM with a repeated key applies one of them.
-- in: saga_id text, session_id text, cart_id text, owner text, cart_version bigint, idempotency_key text, request_hash text, lease_token text, lease_ms bigint, reservation_ttl_ms bigint, supersedes text?, cancel_id text?, plan jsonb
-- refuses: cart_converted, confirm_in_progress, idempotency_key_seen, session_closed, cart_changed, prices_moved, insufficient_stock
-- One claim of a cart at a time; the next one then sees what became of it.
create or replace function confirm_begin(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where cart_id = (doc ->> 'cart_id') for update;
  if exists (select 1 from orders where cart_id = (doc ->> 'cart_id'))
    then raise exception 'cart_converted'; end if;
  perform supersede(doc);
  if (doc ->> 'supersedes') is distinct from (select saga_id from compensation where compensation_id = (doc ->> 'cancel_id'))
    then raise exception 'confirm_in_progress'; end if;
  perform take_confirm_key(doc);
  insert into saga (saga_id, session_id, cart_id, owner, state, plan, attempts, next_attempt_at_ms, lease_token, lease_until_ms, created_at_ms, updated_at_ms)
    values ((doc ->> 'saga_id'), (doc ->> 'session_id'), (doc ->> 'cart_id'), (doc ->> 'owner'), 'authorizing', nullif(doc -> 'plan', 'null'), 0,
      now_ms() + (doc ->> 'lease_ms')::bigint, (doc ->> 'lease_token'), now_ms() + (doc ->> 'lease_ms')::bigint, now_ms(), now_ms());
  if not exists (select 1 from checkout_session where session_id = (doc ->> 'session_id') and cart_id = (doc ->> 'cart_id') and owner = (doc ->> 'owner')
      and status = 'open' and expires_at_ms > now_ms())
    then raise exception 'session_closed'; end if;
  if not exists (select 1 from cart where cart_id = (doc ->> 'cart_id') and owner = (doc ->> 'owner') and status = 'checkout'
      and version = (doc ->> 'cart_version')::bigint and saga_id is null)
    then raise exception 'cart_changed'; end if;
  if exists (select 1 from each_item(nullif(doc -> 'plan', 'null') -> 'lines') as line (value)
      left join price on price.sku = line.value ->> 'sku' and price.currency = nullif(doc -> 'plan', 'null') ->> 'currency'
      left join sku on sku.sku = line.value ->> 'sku'
      where price.amount_minor is distinct from (line.value ->> 'unit_price_minor')::bigint or sku.active is distinct from 1)
    then raise exception 'prices_moved'; end if;
  update cart set saga_id = (doc ->> 'saga_id') where cart_id = (doc ->> 'cart_id');
  perform lock_stock(nullif(doc -> 'plan', 'null') -> 'lines', lock_held((doc ->> 'session_id')));
  perform release_held((doc ->> 'session_id'), true);
  if exists (select 1
      from (select value ->> 'sku' as sku, value ->> 'warehouse_id' as warehouse_id, sum((value ->> 'quantity')::bigint) as quantity
        from each_item(nullif(doc -> 'plan', 'null') -> 'lines') as line (value) group by 1, 2) as demand
      left join stock on stock.sku = demand.sku and stock.warehouse_id = demand.warehouse_id
      where stock.on_hand is null or stock.on_hand - stock.reserved < demand.quantity)
    then raise exception 'insufficient_stock'; end if;
  update stock set reserved = reserved + demand.quantity
    from (select value ->> 'sku' as sku, value ->> 'warehouse_id' as warehouse_id, sum((value ->> 'quantity')::bigint) as quantity
      from each_item(nullif(doc -> 'plan', 'null') -> 'lines') as line (value) group by 1, 2) as demand
    where stock.sku = demand.sku and stock.warehouse_id = demand.warehouse_id;
  insert into reservation (reservation_id, session_id, sku, warehouse_id, quantity, status, expires_at_ms, created_at_ms)
    select value ->> 'reservation_id', (doc ->> 'session_id'), value ->> 'sku', value ->> 'warehouse_id', (value ->> 'quantity')::bigint, 'active',
      (select least(now_ms() + (doc ->> 'reservation_ttl_ms')::bigint, expires_at_ms) from checkout_session where session_id = (doc ->> 'session_id')), now_ms()
    from each_item(nullif(doc -> 'plan', 'null') -> 'lines') as line (value);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select value ->> 'sku', value ->> 'warehouse_id', 'reserve', 0, (value ->> 'quantity')::bigint, value ->> 'reservation_id', now_ms()
    from each_item(nullif(doc -> 'plan', 'null') -> 'lines') as line (value);
  insert into payment (payment_id, saga_id, provider, method, state, currency, amount_minor, captured_minor, refunded_minor, updated_at_ms)
    values (nullif(doc -> 'plan', 'null') ->> 'payment_id', (doc ->> 'saga_id'), nullif(doc -> 'plan', 'null') ->> 'provider', nullif(doc -> 'plan', 'null') ->> 'payment_method', 'pending', nullif(doc -> 'plan', 'null') ->> 'currency', (nullif(doc -> 'plan', 'null') ->> 'total_minor')::bigint, 0, 0, now_ms());
  return (select saga_json(g) from saga as g where g.saga_id = (doc ->> 'saga_id'));
end
$$;

-- Another key for an attempt that is on its way to an order: it will be answered what the first is.
-- in: owner text, saga_id text, idempotency_key text, request_hash text
-- refuses: saga_moved_on, idempotency_key_seen
-- Whoever would end the attempt takes its cart first.
create or replace function confirm_join(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where cart_id = (select cart_id from saga where saga_id = (doc ->> 'saga_id')) for update;
  if not exists (select 1 from saga where saga_id = (doc ->> 'saga_id') and owner = (doc ->> 'owner') and state in ('authorizing', 'awaiting_action', 'capturing', 'completed'))
    then raise exception 'saga_moved_on'; end if;
  perform take_confirm_key(doc);
  return (select jsonb_build_object('saga_id', saga_id) from confirm_key where owner = (doc ->> 'owner') and idempotency_key = (doc ->> 'idempotency_key'));
end
$$;

-- Cancels a whole order (ORD-4): stock restocked exactly once, what is owed to the provider written down as a compensation.
-- in: order_id text, order_version bigint, legal_from jsonb, actor text, reason text, payment_state text, compensation jsonb?, reply jsonb?, idempotency…?, events
-- refuses: order_changed, order_busy, idempotency_key_seen
create or replace function order_cancel(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform 1 from orders where order_id = (doc ->> 'order_id') for update;
  if not exists (select 1 from orders, each_item(nullif(doc -> 'legal_from', 'null')) as legal (value)
      where order_id = (doc ->> 'order_id') and version = (doc ->> 'order_version')::bigint and status = (legal.value #>> '{}'))
    then raise exception 'order_changed'; end if;
  perform 1 from saga where saga_id = (select detail ->> 'saga_id' from orders where order_id = (doc ->> 'order_id')) for update;
  perform 1 from payment where saga_id = (select detail ->> 'saga_id' from orders where order_id = (doc ->> 'order_id')) for update;
  if exists (select 1 from payment join saga on saga.saga_id = payment.saga_id
      where payment.saga_id = (select detail ->> 'saga_id' from orders where order_id = (doc ->> 'order_id'))
        and (payment.state is distinct from (doc ->> 'payment_state') or (saga.state = 'capturing' and saga.lease_until_ms > now_ms())))
    then raise exception 'order_busy'; end if;
  update saga set state = 'completed', updated_at_ms = now_ms()
    where state = 'capturing' and saga_id = (select detail ->> 'saga_id' from orders where order_id = (doc ->> 'order_id'));
  insert into order_history (order_id, seq, from_status, to_status, actor, reason, at_ms)
    select order_id, version + 1, status, 'cancelled', (doc ->> 'actor'), (doc ->> 'reason'), now_ms() from orders where order_id = (doc ->> 'order_id');
  update orders set status = 'cancelled', version = version + 1, updated_at_ms = now_ms(), cancelled_at_ms = now_ms(), expires_at_ms = null
    where order_id = (doc ->> 'order_id');
  perform lock_stock((select jsonb_agg(to_jsonb(line)) from order_line as line where line.order_id = (doc ->> 'order_id')), null);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select line.sku, line.warehouse_id, 'restock', line.quantity, 0, line.reservation_id, now_ms()
    from order_line as line join reservation as r on r.reservation_id = line.reservation_id and r.status = 'committed'
    where line.order_id = (doc ->> 'order_id');
  update stock set on_hand = on_hand + back.quantity
    from (select line.sku, line.warehouse_id, sum(line.quantity) as quantity
      from order_line as line join reservation as r on r.reservation_id = line.reservation_id and r.status = 'committed'
      where line.order_id = (doc ->> 'order_id') group by 1, 2) as back
    where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
  update reservation set status = 'released'
    where status = 'committed' and reservation_id in (select reservation_id from order_line where order_id = (doc ->> 'order_id'));
  if doc ->> 'compensation' is not null then
      insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
      select nullif(doc -> 'compensation', 'null') ->> 'compensation_id', nullif(doc -> 'compensation', 'null') ->> 'kind', nullif(doc -> 'compensation', 'null') ->> 'payment_id', nullif(doc -> 'compensation', 'null') ->> 'saga_id', (nullif(doc -> 'compensation', 'null') ->> 'amount_minor')::bigint,
        'pending', nullif(doc -> 'compensation', 'null') ->> 'reason', 0, now_ms(), 0, now_ms()
      where nullif(doc -> 'compensation', 'null') is not null;
    end if;
  return finish_command(doc, (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('order_id', order_id, 'order_number', order_number, 'version', version, 'cancelled_at_ms', cancelled_at_ms) from orders where order_id = (doc ->> 'order_id')));
end
$$;

-- The one transaction that makes an order out of an authorized saga (CHK-6): order, lines, number, stock committed,
-- payment, cart and session completed, history and events. All of it was decided in the saga's plan. A payment of nothing is captured
-- with it, and has no reference.
-- in: saga_id text, lease_token text, to_state text, reference text?, capture boolean, events
-- refuses: saga_moved_on, reservation_expired, cart_converted, payment_reference_taken
-- The cart before the saga, as whoever claims a cart takes them; which cart a saga is of never changes.
create or replace function order_create(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where cart_id = (select cart_id from saga where saga_id = (doc ->> 'saga_id')) for update;
  perform 1 from saga where saga_id = (doc ->> 'saga_id') for update;
  if not exists (select 1 from saga where saga_id = (doc ->> 'saga_id') and lease_token = (doc ->> 'lease_token') and state in ('authorizing', 'awaiting_action'))
    then raise exception 'saga_moved_on'; end if;
  perform lock_held((select session_id from saga where saga_id = (doc ->> 'saga_id')));
  if exists (select 1 from saga, each_item(saga.plan -> 'lines') as line (value)
      left join reservation on reservation.reservation_id = line.value ->> 'reservation_id'
        and reservation.status = 'active' and reservation.expires_at_ms > now_ms()
      where saga.saga_id = (doc ->> 'saga_id') and reservation.reservation_id is null)
    then raise exception 'reservation_expired'; end if;
  perform lock_stock((select plan -> 'lines' from saga where saga_id = (doc ->> 'saga_id')), null);
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    select line.value ->> 'sku', line.value ->> 'warehouse_id', 'commit', -(line.value ->> 'quantity')::bigint, -(line.value ->> 'quantity')::bigint, line.value ->> 'reservation_id', now_ms()
    from saga, each_item(saga.plan -> 'lines') as line (value) where saga.saga_id = (doc ->> 'saga_id');
  update stock set on_hand = on_hand - sold.quantity, reserved = reserved - sold.quantity
    from (select line.value ->> 'sku' as sku, line.value ->> 'warehouse_id' as warehouse_id, sum((line.value ->> 'quantity')::bigint) as quantity
      from saga, each_item(saga.plan -> 'lines') as line (value) where saga.saga_id = (doc ->> 'saga_id') group by 1, 2) as sold
    where stock.sku = sold.sku and stock.warehouse_id = sold.warehouse_id;
  insert into order_counter (day, last) values (replace(to_char(to_timestamp(now_ms() / 1000) at time zone 'UTC', 'YYYY-MM-DD'), '-', ''), 1)
    on conflict (day) do update set last = order_counter.last + 1;
  insert into orders (order_id, order_number, cart_id, session_id, owner, status, version, currency, subtotal_minor, discount_minor,
      shipping_minor, tax_minor, total_minor, detail, contact, created_at_ms, updated_at_ms)
    select plan ->> 'order_id', 'ORD-' || day || '-' || lpad((last)::text, greatest(6, length((last)::text)), '0'), saga.cart_id, saga.session_id, saga.owner, 'confirmed', 1, plan ->> 'currency',
      (plan ->> 'subtotal_minor')::bigint, (plan ->> 'discount_minor')::bigint, (plan ->> 'shipping_minor')::bigint, (plan ->> 'tax_minor')::bigint,
      (plan ->> 'total_minor')::bigint, ((plan -> 'detail')) || jsonb_build_object('saga_id', saga.saga_id), session.contact, now_ms(), now_ms()
    from saga join checkout_session as session on session.session_id = saga.session_id
    join order_counter on day = replace(to_char(to_timestamp(now_ms() / 1000) at time zone 'UTC', 'YYYY-MM-DD'), '-', '')
    where saga.saga_id = (doc ->> 'saga_id');
  insert into order_line (order_id, line_no, sku, product_id, name, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, detail, warehouse_id, reservation_id)
    select plan ->> 'order_id', (line.value ->> 'line_no')::bigint, line.value ->> 'sku', line.value ->> 'product_id', line.value ->> 'name', (line.value ->> 'quantity')::bigint,
      (line.value ->> 'unit_price_minor')::bigint, (line.value ->> 'subtotal_minor')::bigint, (line.value ->> 'discount_minor')::bigint,
      (line.value ->> 'tax_minor')::bigint, (line.value ->> 'total_minor')::bigint,
      (line.value -> 'detail'), line.value ->> 'warehouse_id', line.value ->> 'reservation_id'
    from saga, each_item(saga.plan -> 'lines') as line (value) where saga.saga_id = (doc ->> 'saga_id');
  update reservation set status = 'committed', expires_at_ms = null, order_id = (select plan ->> 'order_id' from saga where saga_id = (doc ->> 'saga_id'))
    where session_id = (select session_id from saga where saga_id = (doc ->> 'saga_id')) and status = 'active';
  update payment set state = case when amount_minor = 0 then 'captured' when (doc ->> 'capture')::boolean then 'capture_pending' else 'authorized' end,
      reference = (doc ->> 'reference'), updated_at_ms = now_ms(), order_id = (select plan ->> 'order_id' from saga where saga_id = (doc ->> 'saga_id'))
    where saga_id = (doc ->> 'saga_id');
  update saga set state = (doc ->> 'to_state'), updated_at_ms = now_ms() where saga_id = (doc ->> 'saga_id');
  update checkout_session set status = 'completed' where session_id = (select session_id from saga where saga_id = (doc ->> 'saga_id'));
  update cart set status = 'completed', version = version + 1, updated_at_ms = now_ms() where cart_id = (select cart_id from saga where saga_id = (doc ->> 'saga_id'));
  insert into order_history (order_id, seq, to_status, actor, reason, at_ms)
    select plan ->> 'order_id', 1, 'confirmed', owner, 'checkout', now_ms() from saga where saga_id = (doc ->> 'saga_id');
  return finish_command(doc, (select jsonb_build_object('order_id', order_id, 'order_number', order_number, 'created_at_ms', created_at_ms) from orders
    where order_id = (select plan ->> 'order_id' from saga where saga_id = (doc ->> 'saga_id'))));
end
$$;

-- An operator gives an event up for good: nobody sends it any more, and the next of its aggregate goes. Fenced by what was read.
-- in: event_id text, legal_from jsonb, state text, attempts bigint, actor text, reason text, idempotency…?
-- refuses: event_moved_on, idempotency_key_seen
create or replace function outbox_resolve(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform 1 from outbox where event_id = (doc ->> 'event_id') for update;
  if not exists (select 1 from outbox as o, each_item(nullif(doc -> 'legal_from', 'null')) as legal (value)
      where o.event_id = (doc ->> 'event_id') and o.state = (legal.value #>> '{}') and o.state = (doc ->> 'state') and o.attempts = (doc ->> 'attempts')::bigint and o.lease_until_ms <= now_ms())
    then raise exception 'event_moved_on'; end if;
  perform append_history('event/' || (doc ->> 'event_id'), 'resolved', (doc ->> 'actor'), (doc ->> 'reason'),
    (select jsonb_build_object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms,
        'last_error', (select detail from alert where alert_id = 'outbox_dead:' || (doc ->> 'event_id')))
      from outbox where event_id = (doc ->> 'event_id')));
  update outbox set state = 'resolved', lease_token = null, lease_until_ms = 0 where event_id = (doc ->> 'event_id');
  delete from alert where alert_id in ('outbox_dead:' || (doc ->> 'event_id'), 'outbox_failing:' || (doc ->> 'event_id'));
  return finish_command(doc, (select jsonb_build_object('event_id', event_id, 'state', state) from outbox where event_id = (doc ->> 'event_id')));
end
$$;

-- An operator has an event sent again: a dead one as if it were new, one that waits now. Fenced by what was read.
-- in: event_id text, legal_from jsonb, state text, attempts bigint, actor text, reason text, idempotency…?
-- refuses: event_moved_on, idempotency_key_seen
create or replace function outbox_retry(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  perform 1 from outbox where event_id = (doc ->> 'event_id') for update;
  if not exists (select 1 from outbox as o, each_item(nullif(doc -> 'legal_from', 'null')) as legal (value)
      where o.event_id = (doc ->> 'event_id') and o.state = (legal.value #>> '{}') and o.state = (doc ->> 'state') and o.attempts = (doc ->> 'attempts')::bigint and o.lease_until_ms <= now_ms()
        and (o.state = 'dead' or o.next_attempt_at_ms > now_ms()))
    then raise exception 'event_moved_on'; end if;
  perform append_history('event/' || (doc ->> 'event_id'), 'retried', (doc ->> 'actor'), (doc ->> 'reason'),
    (select jsonb_build_object('state', state, 'attempts', attempts, 'failing_since_ms', failing_since_ms,
        'last_error', (select detail from alert where alert_id = 'outbox_dead:' || (doc ->> 'event_id')))
      from outbox where event_id = (doc ->> 'event_id')));
  update outbox set state = 'pending', next_attempt_at_ms = now_ms(), lease_token = null, lease_until_ms = 0,
      attempts = case state when 'dead' then 0 else attempts end, failing_since_ms = case state when 'dead' then null else failing_since_ms end
    where event_id = (doc ->> 'event_id');
  delete from alert where alert_id in ('outbox_dead:' || (doc ->> 'event_id'), 'outbox_failing:' || (doc ->> 'event_id'));
  return finish_command(doc, (select jsonb_build_object('event_id', event_id, 'state', state, 'attempts', attempts, 'next_attempt_at_ms', next_attempt_at_ms) from outbox where event_id = (doc ->> 'event_id')));
end
$$;

-- Writes down what became of a claimed batch: published, to be tried again (an alert once for what fails again and again), dead (an alert once),
-- or given back untried. Fenced by the lease.
-- in: lease_token text, published jsonb, retried jsonb: [{outbox_id, retry_in_ms, alert}], dead jsonb: [{outbox_id, error}], untried jsonb
create or replace function outbox_settle(doc jsonb) returns jsonb language plpgsql as $$
begin
  update outbox set state = 'published', attempts = attempts + 1, lease_until_ms = 0
    where lease_token = (doc ->> 'lease_token') and state = 'pending' and outbox_id in (select ((item.value #>> '{}'))::bigint from each_item(nullif(doc -> 'published', 'null')) as item (value));
  insert into alert (alert_id, detail, at_ms)
    select 'outbox_failing:' || event_id, failed.value ->> 'alert', now_ms()
    from each_item(nullif(doc -> 'retried', 'null')) as failed (value) join outbox on outbox_id = (failed.value ->> 'outbox_id')::bigint
    where failed.value ->> 'alert' is not null and lease_token = (doc ->> 'lease_token') and state = 'pending' on conflict do nothing;
  update outbox set attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0,
      next_attempt_at_ms = now_ms() + retry.retry_in_ms
    from (select (value ->> 'outbox_id')::bigint as id, (value ->> 'retry_in_ms')::bigint as retry_in_ms from each_item(nullif(doc -> 'retried', 'null')) as item (value)) as retry
    where outbox.outbox_id = retry.id and outbox.lease_token = (doc ->> 'lease_token') and outbox.state = 'pending';
  insert into alert (alert_id, detail, at_ms)
    select 'outbox_dead:' || event_id, failed.value ->> 'error', now_ms()
    from each_item(nullif(doc -> 'dead', 'null')) as failed (value) join outbox on outbox_id = (failed.value ->> 'outbox_id')::bigint
    where lease_token = (doc ->> 'lease_token') and state = 'pending' on conflict do nothing;
  update outbox set state = 'dead', attempts = attempts + 1, failing_since_ms = coalesce(failing_since_ms, now_ms()), lease_until_ms = 0
    where lease_token = (doc ->> 'lease_token') and state = 'pending' and outbox_id in (select (item.value ->> 'outbox_id')::bigint from each_item(nullif(doc -> 'dead', 'null')) as item (value));
  update outbox set lease_until_ms = 0
    where lease_token = (doc ->> 'lease_token') and state = 'pending' and outbox_id in (select ((item.value #>> '{}'))::bigint from each_item(nullif(doc -> 'untried', 'null')) as item (value));
  return jsonb_build_object('settled', coalesce(true, false));
end
$$;

-- Writes down what the provider said of a capture: captured, to be asked again, or given up. A capture given up is a compensation that is
-- dead from the start, with its alert, so that operators have one place to look at. Fenced by the lease.
-- in: saga_id text, lease_token text, to_state text, payment_state text, captured_minor bigint, tried boolean, retry_in_ms bigint, alert text?, compensation jsonb?, events
-- refuses: saga_moved_on
create or replace function payment_capture(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from saga where saga_id = (doc ->> 'saga_id') for update;
  if not exists (select 1 from saga where saga_id = (doc ->> 'saga_id') and lease_token = (doc ->> 'lease_token') and state = 'capturing')
    then raise exception 'saga_moved_on'; end if;
  update saga set state = (doc ->> 'to_state'), capture_attempts = capture_attempts + ((doc ->> 'tried')::boolean)::integer, lease_until_ms = 0, next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint,
      failing_since_ms = case when (doc ->> 'tried')::boolean and (doc ->> 'payment_state') <> 'captured' then coalesce(failing_since_ms, now_ms()) else failing_since_ms end, updated_at_ms = now_ms()
    where saga_id = (doc ->> 'saga_id');
  update payment set state = (doc ->> 'payment_state'), captured_minor = (doc ->> 'captured_minor')::bigint, updated_at_ms = now_ms() where saga_id = (doc ->> 'saga_id');
  if doc ->> 'compensation' is not null then
      insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, failing_since_ms, next_attempt_at_ms, lease_until_ms, last_error, created_at_ms)
      select nullif(doc -> 'compensation', 'null') ->> 'compensation_id', 'capture_payment', p.payment_id, g.saga_id, p.amount_minor, 'dead', 'capture_given_up', g.capture_attempts,
        g.failing_since_ms, now_ms(), 0, nullif(doc -> 'compensation', 'null') ->> 'error', now_ms()
      from saga as g join payment as p on p.saga_id = g.saga_id where g.saga_id = (doc ->> 'saga_id') and nullif(doc -> 'compensation', 'null') is not null;
    end if;
  if doc ->> 'compensation' is not null then
      insert into alert (alert_id, detail, at_ms)
      select 'compensation_dead:' || (nullif(doc -> 'compensation', 'null') ->> 'compensation_id'), nullif(doc -> 'compensation', 'null') ->> 'error', now_ms() where nullif(doc -> 'compensation', 'null') is not null on conflict do nothing;
    end if;
  if doc ->> 'alert' is not null then
      insert into alert (alert_id, detail, at_ms) select 'capture_failing:' || (doc ->> 'saga_id'), (doc ->> 'alert'), now_ms() where (doc ->> 'alert') is not null on conflict do nothing;
    end if;
  perform add_events(doc);
  return (select saga_json(g) from saga as g where g.saga_id = (doc ->> 'saga_id'));
end
$$;

-- Deletes what `record_settled` has found, and counts it (EVT-5). A key that was taken anew meanwhile stays; what was published, resolved or has ended
-- stays so. Never movements, history or orders: they are what happened.
-- in: receipts jsonb, events jsonb, confirms jsonb: [{owner, key}], sessions jsonb, retention_ms bigint
-- One run at a time, so that each row is counted once.
create or replace function record_prune(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from worker_run where worker = 'record-cleanup' for update;
  insert into worker_run (worker, last_success_at_ms, report)
    select 'record-cleanup', now_ms(), jsonb_build_object('pruned',
      (select count(*) from idempotency where expires_at_ms <= now_ms() and idempotency_key in (select (item.value #>> '{}') from each_item(nullif(doc -> 'receipts', 'null')) as item (value)))
      + (select count(*) from outbox where outbox_id in (select ((item.value #>> '{}'))::bigint from each_item(nullif(doc -> 'events', 'null')) as item (value)))
      + (select count(*) from each_item(nullif(doc -> 'confirms', 'null')) as item (value) join confirm_key as k on k.owner = item.value ->> 'owner' and k.idempotency_key = item.value ->> 'key'
        where k.created_at_ms <= now_ms() - (doc ->> 'retention_ms')::bigint)
      + (select count(*) from checkout_session where session_id in (select (item.value #>> '{}') from each_item(nullif(doc -> 'sessions', 'null')) as item (value)))) where true
    on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
  insert into counter (name, value) select 'records_pruned_total', (report ->> 'pruned')::bigint from worker_run where worker = 'record-cleanup'
    on conflict (name) do update set value = counter.value + excluded.value;
  delete from idempotency where expires_at_ms <= now_ms() and idempotency_key in (select (item.value #>> '{}') from each_item(nullif(doc -> 'receipts', 'null')) as item (value));
  delete from outbox where outbox_id in (select ((item.value #>> '{}'))::bigint from each_item(nullif(doc -> 'events', 'null')) as item (value));
  delete from confirm_key where created_at_ms <= now_ms() - (doc ->> 'retention_ms')::bigint
    and (owner, idempotency_key) in (select item.value ->> 'owner', item.value ->> 'key' from each_item(nullif(doc -> 'confirms', 'null')) as item (value));
  delete from checkout_session where session_id in (select (item.value #>> '{}') from each_item(nullif(doc -> 'sessions', 'null')) as item (value));
  return (select report from worker_run where worker = 'record-cleanup');
end
$$;

-- Moves a saga that has no order (yet): declined, awaiting the buyer, failed, or to be asked again. Fenced by the lease.
-- in: saga_id text, lease_token text, from_states jsonb, to_state text, reason text?, retry_in_ms bigint, payment_state text?, reference text?, free_cart boolean, release_stock boolean, compensation jsonb?, events
-- refuses: saga_moved_on, payment_reference_taken
-- The cart before the saga, as whoever claims a cart takes them; which cart a saga is of never changes.
create or replace function saga_settle(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform 1 from cart where cart_id = (select cart_id from saga where saga_id = (doc ->> 'saga_id')) for update;
  perform 1 from saga where saga_id = (doc ->> 'saga_id') for update;
  if not exists (select 1 from saga, each_item(nullif(doc -> 'from_states', 'null')) as legal (value)
      where saga_id = (doc ->> 'saga_id') and lease_token = (doc ->> 'lease_token') and state = (legal.value #>> '{}'))
    then raise exception 'saga_moved_on'; end if;
  update saga set state = (doc ->> 'to_state'), reason = (doc ->> 'reason'), lease_until_ms = 0, next_attempt_at_ms = now_ms() + (doc ->> 'retry_in_ms')::bigint, updated_at_ms = now_ms()
    where saga_id = (doc ->> 'saga_id');
  update payment set state = coalesce((doc ->> 'payment_state'), state), reference = coalesce((doc ->> 'reference'), reference), updated_at_ms = now_ms()
    where saga_id = (doc ->> 'saga_id');
  update cart set saga_id = null where (doc ->> 'free_cart')::boolean and saga_id = (doc ->> 'saga_id') and cart_id = (select cart_id from saga where saga_id = (doc ->> 'saga_id'));
  perform release_held((select session_id from saga where saga_id = (doc ->> 'saga_id')), (doc ->> 'release_stock')::boolean);
  if doc ->> 'compensation' is not null then
      insert into compensation (compensation_id, kind, payment_id, saga_id, amount_minor, state, reason, attempts, next_attempt_at_ms, lease_until_ms, created_at_ms)
      select nullif(doc -> 'compensation', 'null') ->> 'compensation_id', nullif(doc -> 'compensation', 'null') ->> 'kind', nullif(doc -> 'compensation', 'null') ->> 'payment_id', (doc ->> 'saga_id'), (nullif(doc -> 'compensation', 'null') ->> 'amount_minor')::bigint,
        'pending', nullif(doc -> 'compensation', 'null') ->> 'reason', 0, now_ms(), 0, now_ms()
      where nullif(doc -> 'compensation', 'null') is not null;
    end if;
  perform add_events(doc);
  return (select saga_json(g) from saga as g where g.saga_id = (doc ->> 'saga_id'));
end
$$;

-- Ends a share of the owner's live cart: its token opens nothing from here on (CART-14).
-- in: share_id text, owner text, idempotency…?
-- refuses: cart_not_found, share_not_found, idempotency_key_seen
create or replace function share_revoke(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  if not exists (select 1 from cart as c where owner = (doc ->> 'owner') and status in ('active', 'checkout') and unexpired(c))
    then raise exception 'cart_not_found'; end if;
  perform 1 from cart_share where cart_id = (select cart_id from cart where owner = (doc ->> 'owner') and status in ('active', 'checkout')) and share_id = (doc ->> 'share_id') for update;
  if not exists (select 1 from cart join cart_share as s on s.cart_id = cart.cart_id
      where cart.owner = (doc ->> 'owner') and cart.status in ('active', 'checkout') and s.share_id = (doc ->> 'share_id') and s.expires_at_ms > now_ms())
    then raise exception 'share_not_found'; end if;
  delete from cart_share
    where cart_id = (select cart_id from cart where owner = (doc ->> 'owner') and status in ('active', 'checkout')) and share_id = (doc ->> 'share_id');
  return finish_command(doc, (select jsonb_build_object('cart_id', cart_id, 'share_id', (doc ->> 'share_id')) from cart where owner = (doc ->> 'owner') and status in ('active', 'checkout')));
end
$$;

-- Receives or adjusts stock: the movement and the counter together (STOCK-10). `kind` is receive or adjust; of an adjustment the quantity may
-- be below zero. A repeated request must not receive twice, so it takes a key like every change.
-- in: sku text, warehouse_id text, kind text, quantity bigint, actor text, idempotency…?
-- refuses: sku_unknown, warehouse_unknown, stock_would_be_negative, idempotency_key_seen
create or replace function stock_move(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform take_idempotency_key(doc);
  if not exists (select 1 from sku where sku = (doc ->> 'sku'))
    then raise exception 'sku_unknown'; end if;
  if not exists (select 1 from warehouse where warehouse_id = (doc ->> 'warehouse_id'))
    then raise exception 'warehouse_unknown'; end if;
  insert into stock (sku, warehouse_id, on_hand, reserved) values ((doc ->> 'sku'), (doc ->> 'warehouse_id'), 0, 0) on conflict do nothing;
  perform 1 from stock where sku = (doc ->> 'sku') and warehouse_id = (doc ->> 'warehouse_id') for update;
  if (select on_hand - reserved from stock where sku = (doc ->> 'sku') and warehouse_id = (doc ->> 'warehouse_id')) + (doc ->> 'quantity')::bigint < 0
    then raise exception 'stock_would_be_negative'; end if;
  update stock set on_hand = on_hand + (doc ->> 'quantity')::bigint where sku = (doc ->> 'sku') and warehouse_id = (doc ->> 'warehouse_id');
  insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
    values ((doc ->> 'sku'), (doc ->> 'warehouse_id'), (doc ->> 'kind'), (doc ->> 'quantity')::bigint, 0, (doc ->> 'actor'), now_ms());
  return finish_command(doc, (select jsonb_build_object('sku', sku, 'warehouse_id', warehouse_id, 'on_hand', on_hand, 'reserved', reserved) from stock where sku = (doc ->> 'sku') and warehouse_id = (doc ->> 'warehouse_id')));
end
$$;

-- Writes down what an audit found: an alert and a count for each cause that stands for the first time; nothing for one that is known.
-- in: run_id, violations: [{alert_id, detail}]
create or replace function audit_record(doc jsonb) returns jsonb language plpgsql as $$
declare
  raised jsonb;
begin
  with new as (
    insert into alert (alert_id, detail, at_ms)
      select it ->> 'alert_id', ((it -> 'detail') || jsonb_build_object('run_id', doc ->> 'run_id'))::text, now_ms()
      from each_item(doc -> 'violations') as it order by 1 on conflict do nothing returning alert_id)
  select coalesce(jsonb_agg(alert_id), '[]') into raised from new;
  insert into counter (name, value) values ('audit_violations_total', jsonb_array_length(raised))
    on conflict (name) do update set value = counter.value + excluded.value;
  return jsonb_build_object('raised', raised);
end
$$;

-- Ends the owner's cart if its time is over, so that they can have another: the clock has ended it, this writes it down (CART-10).
-- Nothing to end is no refusal: somebody else has written it down.
-- in: owner
create or replace function cart_abandon(doc jsonb) returns jsonb language plpgsql as $$
begin
  perform abandon_carts((select array(select cart_id from cart
    where owner = doc ->> 'owner' and status in ('active', 'checkout') and saga_id is null and expires_at_ms <= now_ms() for update)));
  return jsonb_build_object('owner', doc ->> 'owner');
end
$$;

-- Opens the owner's cart. One live cart per owner: a second is refused as cart_exists.
-- A service may open one with its lines, at today's prices: [{sku, quantity}].
-- Who comes back gets the lines of a cart that they abandoned: at the prices they were added at, in another currency at today's, and what is not
-- sold in it stays behind (CART-10).
-- An owner whose cart was merged into another's is nobody any more: a guest whose token is dead (CART-5).
-- in: cart_id, owner, currency, country, cart_idle_ms, lines?, from_cart_id?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, sku_unknown, quantity_out_of_range
create or replace function cart_create(doc jsonb) returns jsonb language plpgsql as $$
declare
  left_behind cart;
begin
  perform take_idempotency_key(doc);
  -- Locked before anything is asked: a merge that was here first has made the owner nobody.
  select * into left_behind from cart
    where cart_id = doc ->> 'from_cart_id' and owner = doc ->> 'owner' and status = 'abandoned' for update;
  if exists (select from cart where owner = doc ->> 'owner' and status = 'merged') then raise exception 'cart_not_found'; end if;
  insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms, expires_at_ms)
    values (doc ->> 'cart_id', doc ->> 'owner', 'active', doc ->> 'currency', doc ->> 'country', 1, now_ms(), now_ms(),
      now_ms() + (doc ->> 'cart_idle_ms')::bigint);
  if exists (select from each_item(doc -> 'lines') as line
    where not exists (select from price where price.sku = line ->> 'sku' and price.currency = doc ->> 'currency'))
  then raise exception 'sku_unknown'; end if;
  -- A sum beyond what a quantity may be is for the CHECK to refuse, not for the type to fail at.
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
    select doc ->> 'cart_id', price.sku, least(sum((line ->> 'quantity')::bigint), 10001), price.amount_minor, now_ms()
    from each_item(doc -> 'lines') as line join price on price.sku = line ->> 'sku' and price.currency = doc ->> 'currency'
    group by price.sku, price.amount_minor;
  if left_behind.cart_id is not null then
    insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
      select doc ->> 'cart_id', l.sku, l.quantity, case when left_behind.currency = doc ->> 'currency' then l.added_price_minor else p.amount_minor end, l.added_at_ms
      from cart_line as l left join price as p on p.sku = l.sku and p.currency = doc ->> 'currency'
      where l.cart_id = left_behind.cart_id and (left_behind.currency = doc ->> 'currency' or p.amount_minor is not null);
    delete from cart_line where cart_id = left_behind.cart_id and sku in (select sku from cart_line where cart_id = doc ->> 'cart_id');
    -- A merge that was decided from those lines is decided anew.
    update cart set version = version + 1, updated_at_ms = now_ms() where cart_id = left_behind.cart_id;
  end if;
  return finish_command(doc, (select jsonb_build_object('cart_id', cart_id, 'version', version) from cart where cart_id = doc ->> 'cart_id'));
end
$$;

-- Ends carts whose time is over, oldest first, and forgets what was abandoned too long ago to be come back to, with its lines and shares
-- (CART-10). A cart that a confirm holds is left alone, and one that became an order is not abandoned.
-- in: limit, recovery_ms
create or replace function cart_expire(doc jsonb) returns jsonb language plpgsql as $$
declare
  due text[];
  old text[];
  answer jsonb;
begin
  -- What someone else holds is being changed, confirmed or ended already.
  due := (select array(select cart_id from cart where status = 'active' and saga_id is null and expires_at_ms <= now_ms()
      order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked))
    || (select array(select cart_id from cart where status = 'checkout' and saga_id is null and expires_at_ms <= now_ms()
      order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  old := (select array(select cart_id from cart where status = 'abandoned' and expires_at_ms <= now_ms() - (doc ->> 'recovery_ms')::bigint
    order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  delete from cart_line where cart_id = any (old);
  delete from cart_share where cart_id = any (old);
  delete from cart where cart_id = any (old);
  perform abandon_carts(due);
  answer := jsonb_build_object('abandoned', cardinality(due), 'forgotten', cardinality(old));
  insert into counter (name, value) values ('carts_abandoned_total', cardinality(due))
    on conflict (name) do update set value = counter.value + excluded.value;
  insert into worker_run (worker, last_success_at_ms, report) values ('cart-cleanup', now_ms(), answer)
    on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
  return answer;
end
$$;

-- Takes a guest's cart into a customer's (CART-5). What each line becomes was decided from both carts as they were at these versions;
-- a customer without a cart gets a new one. Of the guest's a time that is over is no hindrance. The guest's cart keeps its lines and is `merged`, which is what its token dies of.
-- A session open on it is closed and gives its holds back; one that a confirm is running on is refused.
-- in: guest_cart_id, guest_owner, guest_version, cart_id, owner, cart_version (null: a new cart), currency, country, cart_idle_ms, lines [{sku, quantity, price_minor}], reply?, idempotency…?, events
-- refuses: idempotency_key_seen, cart_exists, cart_not_found, cart_locked, version_conflict
create or replace function cart_merge(doc jsonb) returns jsonb language plpgsql as $$
declare
  guest cart;
  own cart;
begin
  perform take_idempotency_key(doc);
  if doc ->> 'cart_version' is null then
    insert into cart (cart_id, owner, status, currency, country, version, created_at_ms, updated_at_ms, expires_at_ms)
      values (doc ->> 'cart_id', doc ->> 'owner', 'active', doc ->> 'currency', doc ->> 'country', 0, now_ms(), now_ms(),
        now_ms() + (doc ->> 'cart_idle_ms')::bigint);
  end if;
  -- Two carts, in one order whoever is first.
  perform 1 from cart where cart_id in (doc ->> 'guest_cart_id', doc ->> 'cart_id') order by cart_id for update;
  select * into guest from cart
    where cart_id = doc ->> 'guest_cart_id' and owner = doc ->> 'guest_owner' and status in ('active', 'checkout', 'abandoned');
  if not found then raise exception 'cart_not_found'; end if;
  select * into own from cart as c
    where cart_id = doc ->> 'cart_id' and owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c);
  if not found then raise exception 'cart_not_found'; end if;
  if guest.saga_id is not null or own.saga_id is not null then raise exception 'cart_locked'; end if;
  if guest.version <> (doc ->> 'guest_version')::bigint or own.version <> coalesce((doc ->> 'cart_version')::bigint, 0)
  then raise exception 'version_conflict'; end if;
  insert into cart_line (cart_id, sku, quantity, added_price_minor, added_at_ms)
    select own.cart_id, line ->> 'sku', (line ->> 'quantity')::bigint, (line ->> 'price_minor')::bigint,
      coalesce((select added_at_ms from cart_line as l where l.cart_id = guest.cart_id and l.sku = line ->> 'sku'), now_ms())
    from each_item(doc -> 'lines') as line
    on conflict (cart_id, sku) do update set quantity = excluded.quantity;
  perform release_reservations(lock_held((select session_id from checkout_session where cart_id = guest.cart_id and status = 'open')));
  update checkout_session set status = 'replaced' where cart_id = guest.cart_id and status = 'open';
  update cart set status = 'merged', version = version + 1, updated_at_ms = now_ms() where cart_id = guest.cart_id;
  perform touch_cart(doc);
  return finish_command(doc, (select coalesce(nullif(doc -> 'reply', 'null'), '{}') || jsonb_build_object('cart_id', cart_id, 'version', version)
    from cart where cart_id = own.cart_id));
end
$$;

-- Gives expired reservations back to stock, oldest first (STOCK-4). An order that is being made meanwhile finds them gone and is refused.
-- in: limit
create or replace function reservation_expire(doc jsonb) returns jsonb language plpgsql as $$
declare
  due text[];
  answer jsonb;
begin
  -- What someone else holds is being sold or given back already.
  due := (select array(select reservation_id from reservation where status = 'active' and expires_at_ms <= now_ms()
    order by expires_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  perform release_reservations(due);
  answer := jsonb_build_object('done', cardinality(due));
  insert into counter (name, value) values ('reservations_expired_total', cardinality(due))
    on conflict (name) do update set value = counter.value + excluded.value;
  insert into worker_run (worker, last_success_at_ms, report) values ('reservation-cleanup', now_ms(), answer)
    on conflict (worker) do update set last_success_at_ms = excluded.last_success_at_ms, report = excluded.report;
  return answer;
end
$$;

-- Lets whoever shows a token look at the owner's live cart for a while (CART-14). Only the token's hash is kept.
-- Takes away what has expired, of this cart and of others, a few at a time: no worker has to.
-- in: share_id, token_hash, owner, ttl_ms, share_limit, prune_limit
-- refuses: cart_not_found, too_many_shares
create or replace function share_create(doc jsonb) returns jsonb language plpgsql as $$
declare
  the_cart_id text;
begin
  -- Locked, so that many at once are counted one after the other.
  select cart_id into the_cart_id from cart as c
    where owner = doc ->> 'owner' and status in ('active', 'checkout') and unexpired(c) for update;
  if not found then raise exception 'cart_not_found'; end if;
  if (select count(*) from cart_share where cart_id = the_cart_id and expires_at_ms > now_ms()) >= (doc ->> 'share_limit')::bigint
  then raise exception 'too_many_shares'; end if;
  delete from cart_share where token_hash = any (array(select token_hash from cart_share where expires_at_ms <= now_ms()
    order by expires_at_ms limit (doc ->> 'prune_limit')::bigint for update skip locked));
  insert into cart_share (token_hash, share_id, cart_id, created_at_ms, expires_at_ms)
    values (doc ->> 'token_hash', doc ->> 'share_id', the_cart_id, now_ms(), now_ms() + (doc ->> 'ttl_ms')::bigint);
  return (select jsonb_build_object('share_id', share_id, 'cart_id', cart_id, 'created_at_ms', created_at_ms, 'expires_at_ms', expires_at_ms)
    from cart_share where token_hash = doc ->> 'token_hash');
end
$$;

-- Adds or replaces SKUs and their prices, all or nothing (CAT-1). A currency left out is no longer sold in.
-- Named twice in one import, a SKU is as its last mention says.
-- in: skus: [{sku, product_id, name, category, tax_class, weight_g, active, prices: {USD: 1999}}]
-- refuses: currency_unsupported, price_not_positive, weight_negative
create or replace function sku_put(doc jsonb) returns jsonb language plpgsql as $$
declare
  skus constant jsonb := doc -> 'skus';
begin
  if exists (select from each_item(skus) as item, jsonb_object_keys(item -> 'prices') as of_price where of_price not in (select currency from currency))
  then raise exception 'currency_unsupported'; end if;
  -- In one order, so that two imports of the same SKUs never wait for each other.
  insert into sku (sku, product_id, name, category, tax_class, weight_g, active)
    select distinct on (item ->> 'sku') item ->> 'sku', item ->> 'product_id', item ->> 'name', item ->> 'category', item ->> 'tax_class',
      (item ->> 'weight_g')::bigint, (item ->> 'active')::boolean::integer
    from each_item(skus) with ordinality as each (item, place) order by item ->> 'sku', place desc
    on conflict (sku) do update set product_id = excluded.product_id, name = excluded.name, category = excluded.category,
      tax_class = excluded.tax_class, weight_g = excluded.weight_g, active = excluded.active;
  delete from price where sku in (select item ->> 'sku' from each_item(skus) as item);
  insert into price (sku, currency, amount_minor)
    select last_mention.sku, amount.key, amount.value::bigint
    from (select distinct on (item ->> 'sku') item ->> 'sku' as sku, item -> 'prices' as prices
      from each_item(skus) with ordinality as each (item, place) order by item ->> 'sku', place desc) as last_mention,
      jsonb_each_text(last_mention.prices) as amount;
  return jsonb_build_object('count', jsonb_array_length(skus));
end
$$;

-- Takes due compensations, oldest first, or the one named. To take one is no try yet: whoever settles it says what was tried.
-- Locked first and read afterwards: whoever held a row has left it as it is read.
-- in: lease_token, lease_ms, limit, compensation_id?
create or replace function compensation_lease(doc jsonb) returns setof jsonb language plpgsql as $$
declare
  due text[];
begin
  due := (select array(select compensation_id from compensation where state = 'pending' and lease_until_ms <= now_ms()
    and next_attempt_at_ms <= now_ms() and (doc ->> 'compensation_id' is null or compensation_id = doc ->> 'compensation_id')
    order by next_attempt_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  return query update compensation as c
    set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint
    where compensation_id = any (due)
    returning jsonb_build_object('compensation_id', c.compensation_id, 'kind', c.kind, 'payment_id', c.payment_id, 'saga_id', c.saga_id,
      'amount_minor', c.amount_minor, 'attempts', c.attempts, 'retries', c.retries, 'failing_since_ms', c.failing_since_ms, 'refund_reference', c.refund_reference,
      'created_at_ms', c.created_at_ms, 'now_ms', now_ms(), 'reason', c.reason,
      'payment', (select payment_json(p) from payment as p where p.payment_id = c.payment_id),
      'saga_created_at_ms', (select created_at_ms from saga where saga.saga_id = c.saga_id),
      'order_status', (select status from orders where orders.order_id = (select order_id from payment as p where p.payment_id = c.payment_id)),
      'plan', (select plan from saga where saga.saga_id = c.saga_id));
end
$$;

-- Takes the oldest events that may go out now: never one whose aggregate has an earlier event waiting or claimed (EVT-1).
-- One relay claims at a time, and looks only when it is its turn: two that looked at once could take an event and its
-- successor apart, and send them in the wrong order.
-- in: lease_token, lease_ms, limit
create or replace function outbox_lease(doc jsonb) returns setof jsonb language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('edgetill outbox'));
  return query
    with free as materialized (
      select o.outbox_id from outbox as o where o.state = 'pending'
        and not exists (select from outbox as earlier where earlier.state = 'pending' and earlier.aggregate = o.aggregate
          and earlier.outbox_id <= o.outbox_id and (earlier.next_attempt_at_ms > now_ms() or earlier.lease_until_ms > now_ms()))
      order by o.outbox_id limit (doc ->> 'limit')::bigint for update skip locked),
    taken as (
      update outbox set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint
        from free where outbox.outbox_id = free.outbox_id returning outbox.*)
    select jsonb_build_object('outbox_id', outbox_id, 'event_id', event_id, 'aggregate', aggregate, 'type', type, 'data', data,
        'attempts', attempts, 'failing_since_ms', failing_since_ms, 'created_at_ms', created_at_ms, 'now_ms', now_ms())
      from taken order by outbox_id;
end
$$;

-- Takes due sagas for recovery, oldest first; the token fences whoever held them before (WRK-2).
-- Locked first and read afterwards: whoever held a row has left it as it is read.
-- in: lease_token, lease_ms, limit
create or replace function saga_lease(doc jsonb) returns setof jsonb language plpgsql as $$
declare
  due text[];
begin
  due := (select array(select saga_id from saga where state in ('authorizing', 'awaiting_action', 'capturing')
    and next_attempt_at_ms <= now_ms() and lease_until_ms <= now_ms()
    order by next_attempt_at_ms limit (doc ->> 'limit')::bigint for update skip locked));
  return query update saga
    set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint, attempts = attempts + 1
    where saga_id = any (due) returning saga_json(saga);
end
$$;

-- Takes one live saga whose driver has gone: the buyer's retry drives on by the same code as recovery.
-- Locked first and read afterwards: whoever held a row has left it as it is read.
-- in: saga_id, lease_token, lease_ms
create or replace function saga_resume(doc jsonb) returns setof jsonb language plpgsql as $$
begin
  perform 1 from saga where saga_id = doc ->> 'saga_id' and state in ('authorizing', 'awaiting_action', 'capturing')
    and lease_until_ms <= now_ms() for update skip locked;
  if not found then return; end if;
  return query update saga
    set lease_token = doc ->> 'lease_token', lease_until_ms = now_ms() + (doc ->> 'lease_ms')::bigint, attempts = attempts + 1
    where saga_id = doc ->> 'saga_id' returning saga_json(saga);
end
$$;

commit;
