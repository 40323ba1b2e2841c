-- The SQLite schema, version 1: what an empty database is given. Once there are releases, `upgrades/` leads an older one here, by
-- `POST /internal/migrate`; over an older one this file changes no row, and the ledger keeps saying what the database is.
--
-- Run as `spin up --sqlite @shared/store/migrations/sqlite/baseline.sql`: at every start, in every trigger
-- process, so it must not mind being run again, or twice at once.
--
-- Every connection a guest opens parses all of this text, so it is a budget of 20 kB held by a test: lean
-- tables, comments outside the statements, JSON for leaves that are never searched. What is not here is
-- as deliberate: no stored triggers (a command travels with the function that fires it), no foreign keys
-- (existence is checked by a named RAISE, because a bare foreign key has no name to report).
--
-- Conventions: epoch milliseconds `*_at_ms`; minor units `*_minor`; text ids; JSON as text; `int`, which is `integer` for less of the budget. A constraint's
-- name is the sentence it enforces; `store::refusal` maps each to what a client is told. No two unique
-- indexes share a column list, since SQLite reports a violated one by its columns alone.

-- Outside any transaction: inside one it is silently ignored.
pragma journal_mode = wal;
begin immediate;

create table if not exists migration (version integer primary key, applied_at_ms int not null);

-- Tests move time by this one row (`now_ms()` adds it); nothing else ever writes it.
create table if not exists clock (one integer primary key check (one = 1), offset_ms int not null);
insert into clock (one, offset_ms) values (1, 0) on conflict do nothing;

-- PRICE-1: adding a currency is adding a row, and one that was deleted stays deleted: only an empty database is given these. minimum and
-- ceiling bound what one order may charge (CHK-10).
create table if not exists currency (currency text primary key, minor_digits int not null, minimum_minor int not null, ceiling_minor int not null, point_value_minor int) without rowid;
insert into currency (currency, minor_digits, minimum_minor, ceiling_minor)
  select * from (values ('USD', 2, 50, 500000), ('EUR', 2, 50, 500000), ('GBP', 2, 30, 400000), ('VND', 0, 10000, 100000000)) as sold
  where not exists (select 1 from migration) on conflict do nothing;

-- Catalog (CAT-1) and price list.
create table if not exists sku (sku text primary key, product_id text not null, name text not null, category text not null, tax_class text not null, weight_g int not null constraint weight_is_not_negative check (weight_g >= 0), active int not null) without rowid;
create table if not exists price (sku text, currency text, amount_minor int not null constraint price_is_positive check (amount_minor > 0), primary key (sku, currency)) without rowid;
-- Which prices last came down: when, and the lowest of the thirty days before (PRICE-11). The command that changes a price makes it, of the history.
create table if not exists reduced_price (sku text, currency text, reduced_at_ms int not null, lowest_30_days_minor int not null, primary key (sku, currency)) without rowid;
-- What a SKU costs besides, from a quantity on, for a time, or for a group of customers, '' for everyone (PRICE-5).
create table if not exists special_price (sku text, currency text, customer_group text, min_quantity int, valid_from_ms int, valid_until_ms int, amount_minor int not null constraint special_price_is_positive check (amount_minor > 0), primary key (sku, currency, customer_group, min_quantity, valid_from_ms)) without rowid;

-- What a minor unit of one currency was worth in minor units of another, from a time until the next (PRICE-8).
create table if not exists exchange_rate (to_currency text, from_currency text, quoted_at_ms int, factor text not null, primary key (to_currency, from_currency, quoted_at_ms)) without rowid;

-- What orders cost besides goods and shipping (PRICE-13), in one zone and of one group of customers, or in all (''); from goods worth free_from_minor on nothing. The fee of cash on
-- delivery is also where that is offered: for goods worth at most up_to_minor (CHK-11).
create table if not exists fee (currency text, fee_id text, kind text not null, name text not null, amount_minor int not null constraint fee_is_not_negative check (amount_minor >= 0), free_from_minor int, up_to_minor int, zone text not null default '', customer_group text not null default '', tax_class text not null, active int not null, primary key (currency, fee_id)) without rowid;

-- Stock (STOCK-1, -10): the counters, and the rows they are the sum of. available = on_hand - reserved.
create table if not exists warehouse (warehouse_id text primary key, name text not null, country text not null, priority int not null) without rowid;
create table if not exists stock (sku text, warehouse_id text, on_hand int not null, reserved int not null, primary key (sku, warehouse_id), constraint reserved_is_within_on_hand check (reserved between 0 and on_hand)) without rowid;
create table if not exists stock_movement (movement_id integer primary key, sku text not null, warehouse_id text not null, kind text not null, on_hand_delta int not null, reserved_delta int not null, reference text not null, at_ms int not null);
-- 'releasing' exists only inside a command: it marks the rows the fragment `release` gives back.
create table if not exists reservation (reservation_id text primary key, session_id text not null, order_id text, sku text not null, warehouse_id text not null, quantity int not null constraint reservation_is_positive check (quantity > 0), status text not null, expires_at_ms int, created_at_ms int not null, constraint committed_never_expires check (status <> 'committed' or expires_at_ms is null)) without rowid;
create index if not exists reservation_by_session on reservation (session_id, sku);
create index if not exists reservation_releasing on reservation (status) where status = 'releasing';
create index if not exists reservation_due on reservation (expires_at_ms) where status = 'active';

-- Destination zones; region '' is the country's default. Tax by zone and class (PRICE-7), its half of a minor unit
-- away from zero unless the row says otherwise (PRICE-2); shipping by zone, origin ('' = any), weight and subtotal (SHIP-1).
create table if not exists zone (country text, region text, zone text not null, primary key (country, region)) without rowid;
create table if not exists tax (zone text, tax_class text, rate text not null, inclusive int not null, rounding text not null default 'half_away' constraint tax_rounding_is_known check (rounding in ('half_away', 'half_even')), primary key (zone, tax_class)) without rowid;
create table if not exists shipping_method (method_id text primary key, name text not null, active int not null) without rowid;
create table if not exists shipping_rate (zone text, currency text, method_id text, warehouse_id text, min_weight_g int, min_subtotal_minor int, amount_minor int not null constraint shipping_is_not_negative check (amount_minor >= 0), primary key (zone, currency, method_id, warehouse_id, min_weight_g, min_subtotal_minor)) without rowid;

-- Carts. `saga_id` is set while a confirm holds the cart: no line changes under a running payment. A live one is gone from `expires_at_ms` on,
-- for whoever reads or changes it (CART-10), unless a confirm holds it; an open session of its ends no later. 'abandoning' exists only inside a command.
-- `attributes` and `client_reference` are the client's (CART-22): nothing here reads them, and the order has them once there is one.
create table if not exists cart (cart_id text primary key, owner text not null, status text not null, currency text not null, country text not null, version int not null, saga_id text, created_at_ms int not null, updated_at_ms int not null, expires_at_ms int not null, attributes text not null default '{}', client_reference text) without rowid;
create unique index if not exists cart_live_per_owner on cart (owner) where status in ('active', 'checkout');
create index if not exists cart_merged on cart (owner) where status = 'merged';
create index if not exists cart_abandoned on cart (owner, expires_at_ms) where status = 'abandoned';
create index if not exists cart_by_expiry on cart (status, expires_at_ms);
create table if not exists cart_line (cart_id text, sku text, quantity int not null constraint quantity_is_1_to_10000 check (quantity between 1 and 10000), added_price_minor int not null, added_at_ms int not null, attributes text not null default '{}', primary key (cart_id, sku)) without rowid;

-- CART-14, SEC-1: who holds a share's token may look at the cart until then. The token is nowhere, only its SHA-256. No share outlives its
-- cart's life by more than its own time, so nothing that ends a cart knows of this table.
create table if not exists cart_share (token_hash text primary key, share_id text not null, cart_id text not null, created_at_ms int not null, expires_at_ms int not null) without rowid;
create index if not exists share_of_cart on cart_share (cart_id);
create index if not exists share_due on cart_share (expires_at_ms);

-- Promotions (PROMO-1 … -9). What limits are held against is columns; the rest of a rule is JSON. `ends_at_ms` of one without an end is the
-- last moment there is, and `only_currency` of one that runs in any is ''. A confirm's claim counts a use, and what does not become an order gives it back: `uses` and `spent_minor` are the sums
-- of the uses that are not 'returned'. One person (PROMO-14) is an owner, and whoever has their e-mail, by a keyed hash.
create table if not exists promotion (promotion_id text primary key, version int not null, rule text not null, active int not null, by_code int not null, only_currency text not null, starts_at_ms int not null, ends_at_ms int not null, uses_limit int, person_limit int, budget_minor int, uses int not null, spent_minor int not null, constraint promotion_uses_are_within_limit check (uses >= 0 and uses <= coalesce(uses_limit, uses)), constraint promotion_spends_within_budget check (spent_minor >= 0 and spent_minor <= coalesce(budget_minor, spent_minor))) without rowid;
create index if not exists promotion_running on promotion (ends_at_ms) where active = 1 and by_code = 0;
create table if not exists promotion_code (code text primary key, promotion_id text not null, customer_id text, uses_limit int, uses int not null, active int not null, created_at_ms int not null, sharer text, constraint code_uses_are_within_limit check (uses >= 0 and uses <= coalesce(uses_limit, uses))) without rowid;
create index if not exists code_of_promotion on promotion_code (promotion_id, code);
create unique index if not exists code_of_sharer on promotion_code (sharer, promotion_id) where sharer is not null;
create table if not exists promotion_use (saga_id text, promotion_id text, version int not null, code text, owner text not null, email_hash text not null, order_id text, currency text not null, amount_minor int not null, spent_minor int not null, state text not null, at_ms int not null, primary key (saga_id, promotion_id)) without rowid;
create index if not exists use_by_owner on promotion_use (promotion_id, owner) where state <> 'returned';
create index if not exists use_by_email on promotion_use (promotion_id, email_hash) where state <> 'returned' and email_hash > '';
create index if not exists use_by_code on promotion_use (code) where state <> 'returned';
create table if not exists cart_code (cart_id text, code text, added_at_ms int not null, primary key (cart_id, code)) without rowid;

-- Rewards (PROMO-10, -11): rules, and what they gave for orders. A rule has looked at the orders up to `walked_to`; `wait_ms` after an order it looks at
-- it. A cancel makes a reward 'owed', until it is taken back. A share code has its `sharer`.
create table if not exists reward_rule (reward_id text primary key, version int not null, active int not null, rule text not null, wait_ms int not null, walked_to text not null) without rowid;
create table if not exists reward (grant_id text primary key, reward_id text not null, version int not null, order_id text not null, customer_id text not null, state text not null, points int, account_id text, code text, badge text, taken_points int, given_at_ms int not null, taken_at_ms int) without rowid;
create unique index if not exists reward_once on reward (order_id, reward_id);
create index if not exists reward_of_rule on reward (reward_id);
create index if not exists reward_of_customer on reward (customer_id, grant_id);
create index if not exists reward_owed on reward (grant_id) where state = 'owed';

-- SEC-6: each owner's key, wrapped. Their contacts are sealed with it, and without its row none of them opens: to delete it is to erase them.
create table if not exists data_key (owner text primary key, data_key_id text not null, wrapped_by text not null, wrapped_key text not null, used_at_ms int not null) without rowid;
create index if not exists data_key_by_wrapper on data_key (wrapped_by);
create index if not exists data_key_by_use on data_key (used_at_ms);

-- Customers, from their first session on: their group ('' for none) and the names of their segments, sorted. What is made of them is history, and
-- to erase a person takes the row away.
create table if not exists customer (customer_id text primary key, customer_group text not null default '', segments text not null default '[]', created_at_ms int not null, updated_at_ms int not null) without rowid;

-- Customers at the payment provider, from the first card on that one saves (CHK-12). The row is there before the provider is asked: `payer_id` is the key it is
-- asked under, and all that it is told of whom it is for. One without a customer is of somebody who was erased, and goes once the provider has deleted it.
create table if not exists payer (payer_id text primary key, customer_id text, reference text, attempts int not null default 0, next_attempt_at_ms int not null) without rowid;
create unique index if not exists payer_of_customer on payer (customer_id);
create index if not exists payer_erased on payer (next_attempt_at_ms) where customer_id is null;

-- Stored value (PROMO-13): points, store credit and gift cards. currency '' is points. A balance is the sum of its entries, which are appended and
-- never changed, and what is held of it is within it. Of a gift card's code the SHA-256 is kept. A customer has one account of a kind and currency,
-- and any number of gift cards.
create table if not exists account (account_id text primary key, kind text not null, customer_id text, code_hash text, currency text not null, balance_minor int not null, held_minor int not null default 0, created_at_ms int not null, expires_at_ms int, constraint held_is_within_balance check (held_minor between 0 and balance_minor)) without rowid;
create unique index if not exists account_by_code on account (code_hash);
create unique index if not exists account_of_customer on account (customer_id, kind, currency) where kind <> 'gift_card';
create index if not exists account_by_customer on account (customer_id, account_id);
create table if not exists ledger (account_id text, seq int, kind text not null, amount_minor int not null, actor text not null, reason text, order_id text, at_ms int not null, primary key (account_id, seq)) without rowid;
create unique index if not exists ledger_once on ledger (order_id, kind, account_id) where kind <> 'refunded';
-- What a checkout draws on an account: 'held' from the claim on, 'spent' with the order, or 'returned'. `units` leave the account, points or minor
-- units; `amount_minor` is what they pay.
create table if not exists draw (saga_id text, account_id text, units int not null, amount_minor int not null, state text not null, order_id text, at_ms int not null, returned_units int not null default 0 constraint returned_is_within_drawn check (returned_units between 0 and units), primary key (saga_id, account_id)) without rowid;
create index if not exists draw_of_account on draw (account_id) where state = 'held';
create index if not exists draw_of_order on draw (order_id) where order_id is not null;
-- Wrong tries of a subject in the period that it tried in last: of what may be guessed.
create table if not exists attempt_window (subject text primary key, period int not null, attempts int not null) without rowid;

-- Checkout sessions. `contact` is sealed (SEC-3), and empty once nothing needs it; `totals` is what the buyer was shown.
create table if not exists checkout_session (session_id text primary key, cart_id text not null, owner text not null, status text not null, cart_version int not null, country text not null, region text not null, shipping_method text not null, payment_method text not null, contact text not null, email_hashes text not null, address_hash text not null default '', billing_country text not null default '', totals text not null, created_at_ms int not null, expires_at_ms int not null) without rowid;
create unique index if not exists session_open_per_cart on checkout_session (cart_id) where status = 'open';
create index if not exists session_due on checkout_session (expires_at_ms) where status = 'open';
create index if not exists session_with_contact on checkout_session (owner) where contact > '';
create index if not exists session_ended on checkout_session (expires_at_ms) where status in ('replaced', 'abandoned', 'expired');

-- Rules of fraud (CHK-16): what each looks at in a confirm of more than `above_minor` in its currency, of any where that is '', and what it adds to the
-- score. An address and an e-mail are known again by keyed hashes, a card by the provider's name for it.
create table if not exists fraud_rule (rule_id text primary key, name text not null, signal text not null, at_least int not null, within_ms int not null, currency text not null, above_minor int not null, score int not null, active int not null) without rowid;

-- The saga (CHK-6), one attempt of a confirm: a row before every outside call. `plan` is what was decided, with no personal data. One
-- per owner until its order stands. 'voiding' is driven by its compensation row, not by saga recovery; what a 'superseded' one asked of
-- the provider is taken back by one.
create table if not exists saga (saga_id text primary key, session_id text not null, cart_id text not null, owner text not null, state text not null, plan text not null, reason text, attempts int not null, capture_attempts int not null default 0, failing_since_ms int, next_attempt_at_ms int not null, lease_token text not null, lease_until_ms int not null, created_at_ms int not null, updated_at_ms int not null) without rowid;
create unique index if not exists saga_live_per_owner on saga (owner) where state in ('authorizing', 'awaiting_action');
create index if not exists saga_due on saga (next_attempt_at_ms) where state in ('authorizing', 'awaiting_action', 'capturing');
create index if not exists saga_declined on saga (owner, saga_id) where state = 'declined';
create index if not exists saga_failed on saga (owner) where state in ('voiding', 'failed');

-- The keys of confirms (CHK-4), hashed: many may join one attempt. A key whose attempt ended without an order is taken anew.
create table if not exists confirm_key (owner text, idempotency_key text, saga_id text not null, request_hash text not null, created_at_ms int not null, constraint confirm_key_is_taken_once primary key (owner, idempotency_key)) without rowid;
create index if not exists confirm_key_by_age on confirm_key (created_at_ms);

create table if not exists payment (payment_id text primary key, saga_id text not null, order_id text, provider text not null, reference text, method text not null, state text not null, currency text not null, amount_minor int not null, captured_minor int not null, refunded_minor int not null, refunding_minor int not null default 0, waived_minor int not null default 0, updated_at_ms int not null, dispute text, card text, constraint captured_is_within_amount check (captured_minor between 0 and amount_minor), constraint refunded_is_within_captured check (refunded_minor >= 0 and refunding_minor >= 0 and refunded_minor + refunding_minor <= captured_minor)) without rowid;
create unique index if not exists payment_of_saga on payment (saga_id);
create unique index if not exists payment_reference on payment (provider, reference);
create index if not exists payment_by_card on payment (card, order_id) where card > '';
create index if not exists payment_held on payment (updated_at_ms) where state = 'authorized';

-- What others have told, each event once. Of the provider's webhooks (PAY-4) what it means is done by the statement that writes it down: nothing of it is
-- believed, it makes due what is asked of the provider anyway, and marks a payment whose buyer disputes it. Of what programs tell (EVT-3) it waits with
-- its data, as far as it is read, for the worker `inbox-work`; one that cannot be worked is dead, with its reason, until an operator decides.
create table if not exists inbox (source text, event_id text, type text not null, reference text, known int not null, received_at_ms int not null, state text not null default 'done', actor text, data text, attempts int not null default 0, failing_since_ms int, next_attempt_at_ms int, last_error text, primary key (source, event_id)) without rowid;
create index if not exists inbox_open on inbox (state, next_attempt_at_ms) where state <> 'done';
create index if not exists inbox_by_age on inbox (received_at_ms);
create index if not exists inbox_prices on inbox (reference) where type = 'pricing.price.updated';

-- What is owed to a provider after a failure or a cancel, until it is done or dead (CHK-8). `retries` counts the times an operator had a dead one tried anew.
create table if not exists compensation (compensation_id text primary key, kind text not null, payment_id text not null, saga_id text not null, amount_minor int not null, state text not null, reason text not null, attempts int not null, retries int not null default 0, failing_since_ms int, refund_reference text, next_attempt_at_ms int not null, lease_token text, lease_until_ms int not null, last_error text, created_at_ms int not null) without rowid;
create index if not exists compensation_due on compensation (next_attempt_at_ms) where state = 'pending';
create index if not exists compensation_given_up on compensation (state, compensation_id) where state not in ('pending', 'done');
create index if not exists compensation_of_payment on compensation (payment_id);

-- Orders (`orders`, since ORDER is SQL's). Everything is frozen at creation (ORD-12); one per cart (ORD-10). At `due_at_ms` one that nobody has paid comes
-- to its end (ORD-9), or is taken to be paid, where all of it has arrived and was to be paid at the door (CHK-11).
create table if not exists order_counter (day text primary key, last int not null) without rowid;
create table if not exists orders (order_id text primary key, order_number text not null, cart_id text not null, session_id text not null, owner text not null, status text not null, version int not null, currency text not null, subtotal_minor int not null, discount_minor int not null, shipping_minor int not null, tax_minor int not null, total_minor int not null, detail text not null, contact text not null, email_hash text not null, address_hash text not null default '', created_at_ms int not null, updated_at_ms int not null, due_at_ms int, cancelled_at_ms int, completed_at_ms int, constraint unpaid_orders_expire check (status not in ('draft', 'pending') or due_at_ms is not null)) without rowid;
create unique index if not exists order_number on orders (order_number);
create unique index if not exists order_of_cart on orders (cart_id);
create index if not exists order_by_owner on orders (owner, order_id);
create index if not exists order_by_email on orders (email_hash, order_id) where email_hash > '';
create index if not exists order_by_address on orders (address_hash, order_id) where address_hash > '';
create index if not exists order_by_status on orders (status, order_id);
create index if not exists order_due on orders (due_at_ms) where due_at_ms > 0;
create table if not exists order_line (order_id text, line_no int, sku text not null, product_id text not null, name text not null, quantity int not null, unit_price_minor int not null, subtotal_minor int not null, discount_minor int not null, tax_minor int not null, total_minor int not null, detail text not null, warehouse_id text not null, reservation_id text not null, cancelled_quantity int not null default 0, shipped_quantity int not null default 0, delivered_quantity int not null default 0, returned_quantity int not null default 0, refunded_quantity int not null default 0, refunded_minor int not null default 0, primary key (order_id, line_no), constraint refund_is_within_line check (refunded_quantity between 0 and quantity and refunded_minor between 0 and total_minor), constraint shipped_is_within_ordered check (cancelled_quantity >= 0 and shipped_quantity between 0 and quantity - cancelled_quantity), constraint delivered_is_within_shipped check (delivered_quantity between 0 and shipped_quantity), constraint returned_is_within_delivered check (returned_quantity between 0 and delivered_quantity)) without rowid;
create index if not exists line_by_sku on order_line (sku, order_id);
-- What left, and when it arrived (ORD-15): its lines are what a line's counters are the sums of.
create table if not exists shipment (order_id text, shipment_id text, lines text not null, carrier text, tracking_number text, tracking_url text, shipped_at_ms int not null, delivered_at_ms int, primary key (order_id, shipment_id)) without rowid;
-- Goods that come back (ORD-5): which pieces of which lines, and how far that has come.
create table if not exists order_return (order_id text, return_id text, status text not null, detail text not null, created_at_ms int not null, updated_at_ms int not null, primary key (order_id, return_id)) without rowid;
-- Money that goes back (ORD-6): what of which parts of the order, and to whom. What the provider owes of it is the compensation of the same id.
create table if not exists refund (order_id text, refund_id text, amount_minor int not null, actor text not null, detail text not null, at_ms int not null, primary key (order_id, refund_id)) without rowid;
create table if not exists order_history (order_id text, seq int, from_status text, to_status text not null, actor text not null, reason text, at_ms int not null, primary key (order_id, seq)) without rowid;

-- Events out (EVT-1), in order per aggregate.
create table if not exists outbox (outbox_id integer primary key, event_id text not null, aggregate text not null, type text not null, data text not null, state text not null, attempts int not null, failing_since_ms int, next_attempt_at_ms int not null, lease_token text, lease_until_ms int not null, created_at_ms int not null, fanned int not null default 0);
create index if not exists outbox_pending on outbox (outbox_id) where state = 'pending';
create index if not exists outbox_of_aggregate on outbox (aggregate, outbox_id) where state = 'pending';
create index if not exists outbox_by_event on outbox (event_id);
create index if not exists outbox_given_up on outbox (state, outbox_id) where state in ('dead', 'resolved');
create index if not exists outbox_settled on outbox (created_at_ms) where state in ('published', 'resolved', 'fanned');
create index if not exists outbox_to_fan on outbox (outbox_id) where fanned = 0;

-- Receivers of events beside the sink (EVT-7), and what each is sent: in order per aggregate and receiver. `secrets` is sealed. Of a delivery that waits or
-- is claimed, `at_ms` is when it may go out; of another, since when it is so.
create table if not exists receiver (receiver_id text primary key, url text not null, types text not null, secrets text not null, active int not null) without rowid;
create table if not exists delivery (outbox_id int, receiver_id text, aggregate text not null, state text not null, attempts int not null, failing_since_ms int, at_ms int not null, lease_token text, last_error text, primary key (outbox_id, receiver_id)) without rowid;
create index if not exists delivery_by_state on delivery (receiver_id, state, outbox_id);
create index if not exists delivery_of_aggregate on delivery (receiver_id, aggregate, outbox_id) where state = 'pending';

-- Idempotency of cart and order changes: the receipt commits with the effect.
create table if not exists idempotency (idempotency_key text primary key, request_hash text not null, receipt text, expires_at_ms int not null) without rowid;
create index if not exists receipt_due on idempotency (expires_at_ms);

-- Operations: alerts raised once, counters, and each worker's last run.
create table if not exists alert (alert_id text primary key, detail text not null, at_ms int not null) without rowid;
create index if not exists alert_by_time on alert (at_ms, alert_id);
create table if not exists counter (name text primary key, value int not null) without rowid;
create table if not exists worker_run (worker text primary key, last_success_at_ms int not null, report text not null) without rowid;

-- What people and programs did, appended and never changed: one history for everything that is not an order (`order_history`).
create table if not exists history (subject text, seq int, kind text not null, actor text not null, reason text, at_ms int not null, data text not null, primary key (subject, seq)) without rowid;

-- The one view every command is fired on, by name: its INSTEAD OF trigger travels with the function.
create view if not exists command (name, doc) as select null, null where 0;

insert into migration (version, applied_at_ms) select 1, cast(unixepoch('subsec') * 1000 as integer) where not exists (select 1 from migration);
commit;
