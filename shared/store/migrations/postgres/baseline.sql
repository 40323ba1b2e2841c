-- The PostgreSQL schema, version 1: what an empty database is given, and every function (`store::sql::FUNCTIONS`) after it; both may be run again, and by several processes at once.
--
-- The same tables, columns and constraint names as the SQLite baseline, which has the reasons. What differs: JSON is
-- `jsonb`, so that a command can look into it; keys are `collate "C"`, so that they sort alike in every database,
-- whatever its locale; and there is no view `command`, since a command is a function here.

begin;
-- `if not exists` looks before it creates: two that look at once would both create. One at a time, then.
select pg_advisory_xact_lock(hashtext('edgetill schema'));

create table if not exists migration (version bigint primary key, applied_at_ms bigint not null);

-- Tests move time by this one row (`now_ms()` adds it); nothing else ever writes it.
create table if not exists clock (one bigint primary key check (one = 1), offset_ms bigint not null);
insert into clock (one, offset_ms) values (1, 0) on conflict do nothing;

-- PRICE-1: adding a currency is adding a row, and one that was deleted stays deleted: only an empty database is given these. minimum and
-- ceiling bound what one order may charge (CHK-10).
create table if not exists currency (
  currency text collate "C" primary key,
  minor_digits bigint not null,
  minimum_minor bigint not null,
  ceiling_minor bigint not null,
  point_value_minor bigint
);
insert into currency (currency, minor_digits, minimum_minor, ceiling_minor)
  select * from (values ('USD', 2, 50, 500000), ('EUR', 2, 50, 500000), ('GBP', 2, 30, 400000), ('VND', 0, 10000, 100000000)) as sold
  where not exists (select 1 from migration) on conflict do nothing;

-- Catalog (CAT-1) and price list. Switches are 0 or 1, as on SQLite.
create table if not exists sku (
  sku text collate "C" primary key,
  product_id text not null,
  name text not null,
  category text not null,
  tax_class text not null,
  weight_g bigint not null constraint weight_is_not_negative check (weight_g >= 0),
  active bigint not null
);
create table if not exists price (
  sku text collate "C",
  currency text collate "C",
  amount_minor bigint not null constraint price_is_positive check (amount_minor > 0),
  primary key (sku, currency)
);
-- Which prices last came down: when, and the lowest of the thirty days before (PRICE-11). The command that changes a price makes it, of the history.
create table if not exists reduced_price (
  sku text collate "C",
  currency text collate "C",
  reduced_at_ms bigint not null,
  lowest_30_days_minor bigint not null,
  primary key (sku, currency)
);
-- What a SKU costs besides, from a quantity on, for a time, or for a group of customers, '' for everyone (PRICE-5).
create table if not exists special_price (
  sku text collate "C",
  currency text collate "C",
  customer_group text collate "C",
  min_quantity bigint,
  valid_from_ms bigint,
  valid_until_ms bigint,
  amount_minor bigint not null constraint special_price_is_positive check (amount_minor > 0),
  primary key (sku, currency, customer_group, min_quantity, valid_from_ms)
);

-- What a minor unit of one currency was worth in minor units of another, from a time until the next (PRICE-8).
create table if not exists exchange_rate (
  to_currency text collate "C",
  from_currency text collate "C",
  quoted_at_ms bigint,
  factor text not null,
  primary key (to_currency, from_currency, quoted_at_ms)
);

-- What orders cost besides goods and shipping (PRICE-13), in one zone and of one group of customers, or in all (''); from goods worth free_from_minor on nothing. The fee of cash on
-- delivery is also where that is offered: for goods worth at most up_to_minor (CHK-11).
create table if not exists fee (
  currency text collate "C",
  fee_id text collate "C",
  kind text not null,
  name text not null,
  amount_minor bigint not null constraint fee_is_not_negative check (amount_minor >= 0),
  free_from_minor bigint,
  up_to_minor bigint,
  zone text collate "C" not null default '',
  customer_group text collate "C" not null default '',
  tax_class text collate "C" not null,
  active bigint not null,
  primary key (currency, fee_id)
);

-- Stock (STOCK-1, -10): the counters, and the rows they are the sum of. available = on_hand - reserved.
create table if not exists warehouse (
  warehouse_id text collate "C" primary key,
  name text not null,
  country text not null,
  priority bigint not null
);
create table if not exists stock (
  sku text collate "C",
  warehouse_id text collate "C",
  on_hand bigint not null,
  reserved bigint not null,
  primary key (sku, warehouse_id),
  constraint reserved_is_within_on_hand check (reserved between 0 and on_hand)
);
create table if not exists stock_movement (
  movement_id bigint generated always as identity primary key,
  sku text collate "C" not null,
  warehouse_id text collate "C" not null,
  kind text not null,
  on_hand_delta bigint not null,
  reserved_delta bigint not null,
  reference text not null,
  at_ms bigint not null
);
create table if not exists reservation (
  reservation_id text collate "C" primary key,
  session_id text collate "C" not null,
  order_id text collate "C",
  sku text collate "C" not null,
  warehouse_id text collate "C" not null,
  quantity bigint not null constraint reservation_is_positive check (quantity > 0),
  status text not null,
  expires_at_ms bigint,
  created_at_ms bigint not null,
  constraint committed_never_expires check (status <> 'committed' or expires_at_ms is null)
);
create index if not exists reservation_by_session on reservation (session_id, sku);
create index if not exists reservation_due on reservation (expires_at_ms) where status = 'active';

-- Destination zones; region '' is the country's default. Tax by zone and class (PRICE-7), its half of a minor unit
-- away from zero unless the row says otherwise (PRICE-2); shipping by zone, origin ('' = any), weight and subtotal (SHIP-1).
create table if not exists zone (
  country text collate "C",
  region text collate "C",
  zone text not null,
  primary key (country, region)
);
create table if not exists tax (
  zone text collate "C",
  tax_class text collate "C",
  rate text not null,
  inclusive bigint not null,
  rounding text not null default 'half_away' constraint tax_rounding_is_known check (rounding in ('half_away', 'half_even')),
  primary key (zone, tax_class)
);
create table if not exists shipping_method (
  method_id text collate "C" primary key,
  name text not null,
  active bigint not null
);
create table if not exists shipping_rate (
  zone text collate "C",
  currency text collate "C",
  method_id text collate "C",
  warehouse_id text collate "C",
  min_weight_g bigint,
  min_subtotal_minor bigint,
  amount_minor bigint not null constraint shipping_is_not_negative check (amount_minor >= 0),
  primary key (zone, currency, method_id, warehouse_id, min_weight_g, min_subtotal_minor)
);

-- Carts. `saga_id` is set while a confirm holds the cart: no line changes under a running payment.
-- The cart's row is also the lock: whatever changes a cart, its session or its saga takes it first.
create table if not exists cart (
  cart_id text collate "C" primary key,
  owner text collate "C" not null,
  status text not null,
  currency text collate "C" not null,
  country text not null,
  version bigint not null,
  saga_id text collate "C",
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  expires_at_ms bigint not null,
  attributes jsonb not null default '{}',
  client_reference text
);
create unique index if not exists cart_live_per_owner on cart (owner) where status in ('active', 'checkout');
create index if not exists cart_merged on cart (owner) where status = 'merged';
create index if not exists cart_abandoned on cart (owner, expires_at_ms) where status = 'abandoned';
create index if not exists cart_by_expiry on cart (status, expires_at_ms);
create table if not exists cart_line (
  cart_id text collate "C",
  sku text collate "C",
  quantity bigint not null constraint quantity_is_1_to_10000 check (quantity between 1 and 10000),
  added_price_minor bigint not null,
  added_at_ms bigint not null,
  attributes jsonb not null default '{}',
  primary key (cart_id, sku)
);

-- CART-14, SEC-1: who holds a share's token may look at the cart until then. The token is nowhere, only its SHA-256. No share outlives its
-- cart's life by more than its own time, so nothing that ends a cart knows of this table.
create table if not exists cart_share (
  token_hash text collate "C" primary key,
  share_id text collate "C" not null,
  cart_id text collate "C" not null,
  created_at_ms bigint not null,
  expires_at_ms bigint not null
);
create index if not exists share_of_cart on cart_share (cart_id);
create index if not exists share_due on cart_share (expires_at_ms);

-- Promotions (PROMO-1 … -9). What limits are held against is columns; the rest of a rule is JSON. `ends_at_ms` of one without an end is the
-- last moment there is, and `only_currency` of one that runs in any is ''. A confirm's claim counts a use, and what does not become an order gives it back: `uses` and `spent_minor` are the sums
-- of the uses that are not 'returned'. One person (PROMO-14) is an owner, and whoever has their e-mail, by a keyed hash.
create table if not exists promotion (
  promotion_id text collate "C" primary key,
  version bigint not null,
  rule jsonb not null,
  active bigint not null,
  by_code bigint not null,
  only_currency text collate "C" not null,
  starts_at_ms bigint not null,
  ends_at_ms bigint not null,
  uses_limit bigint,
  person_limit bigint,
  budget_minor bigint,
  uses bigint not null,
  spent_minor bigint not null,
  constraint promotion_uses_are_within_limit check (uses >= 0 and uses <= coalesce(uses_limit, uses)),
  constraint promotion_spends_within_budget check (spent_minor >= 0 and spent_minor <= coalesce(budget_minor, spent_minor))
);
create index if not exists promotion_running on promotion (ends_at_ms) where active = 1 and by_code = 0;
create table if not exists promotion_code (
  code text collate "C" primary key,
  promotion_id text collate "C" not null,
  customer_id text collate "C",
  uses_limit bigint,
  uses bigint not null,
  active bigint not null,
  created_at_ms bigint not null,
  sharer text collate "C",
  constraint code_uses_are_within_limit check (uses >= 0 and uses <= coalesce(uses_limit, uses))
);
create index if not exists code_of_promotion on promotion_code (promotion_id, code);
create unique index if not exists code_of_sharer on promotion_code (sharer, promotion_id) where sharer is not null;
create table if not exists promotion_use (
  saga_id text collate "C",
  promotion_id text collate "C",
  version bigint not null,
  code text collate "C",
  owner text collate "C" not null,
  email_hash text collate "C" not null,
  order_id text collate "C",
  currency text collate "C" not null,
  amount_minor bigint not null,
  spent_minor bigint not null,
  state text not null,
  at_ms bigint not null,
  primary key (saga_id, promotion_id)
);
create index if not exists use_by_owner on promotion_use (promotion_id, owner) where state <> 'returned';
create index if not exists use_by_email on promotion_use (promotion_id, email_hash) where state <> 'returned' and email_hash > '';
create index if not exists use_by_code on promotion_use (code) where state <> 'returned';
create table if not exists cart_code (
  cart_id text collate "C",
  code text collate "C",
  added_at_ms bigint not null,
  primary key (cart_id, code)
);

-- Rewards (PROMO-10, -11): rules, and what they gave for orders. A rule has looked at the orders up to `walked_to`; `wait_ms` after an order it looks at
-- it. A cancel makes a reward 'owed', until it is taken back. A share code has its `sharer`.
create table if not exists reward_rule (
  reward_id text collate "C" primary key,
  version bigint not null,
  active bigint not null,
  rule jsonb not null,
  wait_ms bigint not null,
  walked_to text collate "C" not null
);
create table if not exists reward (
  grant_id text collate "C" primary key,
  reward_id text collate "C" not null,
  version bigint not null,
  order_id text collate "C" not null,
  customer_id text collate "C" not null,
  state text not null,
  points bigint,
  account_id text collate "C",
  code text collate "C",
  badge text,
  taken_points bigint,
  given_at_ms bigint not null,
  taken_at_ms bigint
);
create unique index if not exists reward_once on reward (order_id, reward_id);
create index if not exists reward_of_rule on reward (reward_id);
create index if not exists reward_of_customer on reward (customer_id, grant_id);
create index if not exists reward_owed on reward (grant_id) where state = 'owed';

-- SEC-6: each owner's key, wrapped. Their contacts are sealed with it, and without its row none of them opens: to delete it is to erase them.
create table if not exists data_key (
  owner text collate "C" primary key,
  data_key_id text collate "C" not null,
  wrapped_by text collate "C" not null,
  wrapped_key text not null,
  used_at_ms bigint not null
);
create index if not exists data_key_by_wrapper on data_key (wrapped_by);
create index if not exists data_key_by_use on data_key (used_at_ms);

-- Customers, from their first session on: their group ('' for none) and the names of their segments, sorted. What is made of them is history, and
-- to erase a person takes the row away.
create table if not exists customer (
  customer_id text collate "C" primary key,
  customer_group text collate "C" not null default '',
  segments jsonb not null default '[]',
  created_at_ms bigint not null,
  updated_at_ms bigint not null
);

-- Customers at the payment provider, from the first card on that one saves (CHK-12). The row is there before the provider is asked: `payer_id` is the key it is
-- asked under, and all that it is told of whom it is for. One without a customer is of somebody who was erased, and goes once the provider has deleted it.
create table if not exists payer (
  payer_id text collate "C" primary key,
  customer_id text collate "C",
  reference text,
  attempts integer not null default 0,
  next_attempt_at_ms bigint not null
);
create unique index if not exists payer_of_customer on payer (customer_id);
create index if not exists payer_erased on payer (next_attempt_at_ms) where customer_id is null;

-- Stored value (PROMO-13): points, store credit and gift cards. currency '' is points. A balance is the sum of its entries, which are appended and
-- never changed, and what is held of it is within it. Of a gift card's code the SHA-256 is kept. A customer has one account of a kind and currency,
-- and any number of gift cards.
create table if not exists account (
  account_id text collate "C" primary key,
  kind text not null,
  customer_id text collate "C",
  code_hash text collate "C",
  currency text collate "C" not null,
  balance_minor bigint not null,
  held_minor bigint not null default 0,
  created_at_ms bigint not null,
  expires_at_ms bigint,
  constraint held_is_within_balance check (held_minor between 0 and balance_minor)
);
create unique index if not exists account_by_code on account (code_hash);
create unique index if not exists account_of_customer on account (customer_id, kind, currency) where kind <> 'gift_card';
create index if not exists account_by_customer on account (customer_id, account_id);
create table if not exists ledger (
  account_id text collate "C",
  seq bigint,
  kind text not null,
  amount_minor bigint not null,
  actor text not null,
  reason text,
  order_id text collate "C",
  at_ms bigint not null,
  primary key (account_id, seq)
);
create unique index if not exists ledger_once on ledger (order_id, kind, account_id) where kind <> 'refunded';
-- What a checkout draws on an account: 'held' from the claim on, 'spent' with the order, or 'returned'. `units` leave the account, points or minor
-- units; `amount_minor` is what they pay.
create table if not exists draw (
  saga_id text collate "C",
  account_id text collate "C",
  units bigint not null,
  amount_minor bigint not null,
  state text not null,
  order_id text collate "C",
  at_ms bigint not null,
  returned_units bigint not null default 0 constraint returned_is_within_drawn check (returned_units between 0 and units),
  primary key (saga_id, account_id)
);
create index if not exists draw_of_account on draw (account_id) where state = 'held';
create index if not exists draw_of_order on draw (order_id) where order_id is not null;
-- Wrong tries of a subject in the period that it tried in last: of what may be guessed.
create table if not exists attempt_window (
  subject text collate "C" primary key,
  period bigint not null,
  attempts bigint not null
);

-- Checkout sessions. `contact` is sealed (SEC-3), and empty once nothing needs it; `totals` is what the buyer was shown.
create table if not exists checkout_session (
  session_id text collate "C" primary key,
  cart_id text collate "C" not null,
  owner text collate "C" not null,
  status text not null,
  cart_version bigint not null,
  country text not null,
  region text not null,
  shipping_method text not null,
  payment_method text not null,
  contact text not null,
  email_hashes jsonb not null,
  address_hash text collate "C" not null default '',
  billing_country text not null default '',
  totals jsonb not null,
  created_at_ms bigint not null,
  expires_at_ms bigint not null
);
create unique index if not exists session_open_per_cart on checkout_session (cart_id) where status = 'open';
create index if not exists session_due on checkout_session (expires_at_ms) where status = 'open';
create index if not exists session_with_contact on checkout_session (owner) where contact > '';
create index if not exists session_ended on checkout_session (expires_at_ms) where status in ('replaced', 'abandoned', 'expired');

-- Rules of fraud (CHK-16): what each looks at in a confirm of more than `above_minor` in its currency, of any where that is '', and what it adds to the
-- score. An address and an e-mail are known again by keyed hashes, a card by the provider's name for it.
create table if not exists fraud_rule (
  rule_id text collate "C" primary key,
  name text not null,
  signal text not null,
  at_least bigint not null,
  within_ms bigint not null,
  currency text collate "C" not null,
  above_minor bigint not null,
  score bigint not null,
  active bigint not null
);

-- The saga (CHK-6), one attempt of a confirm: a row before every outside call. `plan` is what was decided, with no personal data. One
-- per owner until its order stands. 'voiding' is driven by its compensation row, not by saga recovery; what a 'superseded' one asked of
-- the provider is taken back by one.
create table if not exists saga (
  saga_id text collate "C" primary key,
  session_id text collate "C" not null,
  cart_id text collate "C" not null,
  owner text collate "C" not null,
  state text not null,
  plan jsonb not null,
  reason text,
  attempts bigint not null,
  capture_attempts bigint not null default 0,
  failing_since_ms bigint,
  next_attempt_at_ms bigint not null,
  lease_token text not null,
  lease_until_ms bigint not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null
);
create unique index if not exists saga_live_per_owner on saga (owner) where state in ('authorizing', 'awaiting_action');
create index if not exists saga_due on saga (next_attempt_at_ms) where state in ('authorizing', 'awaiting_action', 'capturing');
create index if not exists saga_declined on saga (owner, saga_id) where state = 'declined';
create index if not exists saga_failed on saga (owner) where state in ('voiding', 'failed');

-- The keys of confirms (CHK-4), hashed: many may join one attempt. A key whose attempt ended without an order is taken anew.
create table if not exists confirm_key (
  owner text collate "C",
  idempotency_key text collate "C",
  saga_id text collate "C" not null,
  request_hash text not null,
  created_at_ms bigint not null,
  constraint confirm_key_is_taken_once primary key (owner, idempotency_key)
);
create index if not exists confirm_key_by_age on confirm_key (created_at_ms);

create table if not exists payment (
  payment_id text collate "C" primary key,
  saga_id text collate "C" not null,
  order_id text collate "C",
  provider text not null,
  reference text,
  method text not null,
  state text not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  captured_minor bigint not null,
  refunded_minor bigint not null,
  refunding_minor bigint not null default 0,
  waived_minor bigint not null default 0,
  updated_at_ms bigint not null,
  dispute text collate "C",
  card text collate "C",
  constraint captured_is_within_amount check (captured_minor between 0 and amount_minor),
  constraint refunded_is_within_captured check (refunded_minor >= 0 and refunding_minor >= 0 and refunded_minor + refunding_minor <= captured_minor)
);
create unique index if not exists payment_of_saga on payment (saga_id);
create unique index if not exists payment_reference on payment (provider, reference);
create index if not exists payment_by_card on payment (card, order_id) where card > '';
create index if not exists payment_held on payment (updated_at_ms) where state = 'authorized';

-- What others have told, each event once. Of the provider's webhooks (PAY-4) what it means is done by the statement that writes it down: nothing of it is
-- believed, it makes due what is asked of the provider anyway, and marks a payment whose buyer disputes it. Of what programs tell (EVT-3) it waits with
-- its data, as far as it is read, for the worker `inbox-work`; one that cannot be worked is dead, with its reason, until an operator decides.
create table if not exists inbox (
  source text collate "C",
  event_id text collate "C",
  type text not null,
  reference text collate "C",
  known integer not null,
  received_at_ms bigint not null,
  state text not null default 'done',
  actor text,
  data jsonb,
  attempts bigint not null default 0,
  failing_since_ms bigint,
  next_attempt_at_ms bigint,
  last_error text,
  primary key (source, event_id)
);
create index if not exists inbox_open on inbox (state, next_attempt_at_ms) where state <> 'done';
create index if not exists inbox_by_age on inbox (received_at_ms);
create index if not exists inbox_prices on inbox (reference) where type = 'pricing.price.updated';

-- What is owed to a provider after a failure or a cancel, until it is done or dead (CHK-8).
create table if not exists compensation (
  compensation_id text collate "C" primary key,
  kind text not null,
  payment_id text collate "C" not null,
  saga_id text collate "C" not null,
  amount_minor bigint not null,
  state text not null,
  reason text not null,
  attempts bigint not null,
  retries bigint not null default 0,
  failing_since_ms bigint,
  refund_reference text,
  next_attempt_at_ms bigint not null,
  lease_token text,
  lease_until_ms bigint not null,
  last_error text,
  created_at_ms bigint not null
);
create index if not exists compensation_due on compensation (next_attempt_at_ms) where state = 'pending';
create index if not exists compensation_given_up on compensation (state, compensation_id) where state not in ('pending', 'done');
create index if not exists compensation_of_payment on compensation (payment_id);

-- Orders (`orders`, since ORDER is SQL's). Everything is frozen at creation (ORD-12); one per cart (ORD-10). At `due_at_ms` one that nobody has paid comes
-- to its end (ORD-9), or is taken to be paid, where all of it has arrived and was to be paid at the door (CHK-11).
create table if not exists order_counter (
  day text collate "C" primary key,
  last bigint not null
);
create table if not exists orders (
  order_id text collate "C" primary key,
  order_number text collate "C" not null,
  cart_id text collate "C" not null,
  session_id text collate "C" not null,
  owner text collate "C" not null,
  status text collate "C" not null,
  version bigint not null,
  currency text collate "C" not null,
  subtotal_minor bigint not null,
  discount_minor bigint not null,
  shipping_minor bigint not null,
  tax_minor bigint not null,
  total_minor bigint not null,
  detail jsonb not null,
  contact text not null,
  email_hash text collate "C" not null,
  address_hash text collate "C" not null default '',
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  due_at_ms bigint,
  cancelled_at_ms bigint,
  completed_at_ms bigint,
  constraint unpaid_orders_expire check (status not in ('draft', 'pending') or due_at_ms is not null)
);
create unique index if not exists order_number on orders (order_number);
create unique index if not exists order_of_cart on orders (cart_id);
create index if not exists order_by_owner on orders (owner, order_id);
create index if not exists order_by_email on orders (email_hash, order_id) where email_hash > '';
create index if not exists order_by_address on orders (address_hash, order_id) where address_hash > '';
create index if not exists order_by_status on orders (status, order_id);
create index if not exists order_due on orders (due_at_ms) where due_at_ms > 0;
create table if not exists order_line (
  order_id text collate "C",
  line_no bigint,
  sku text collate "C" not null,
  product_id text not null,
  name text not null,
  quantity bigint not null,
  unit_price_minor bigint not null,
  subtotal_minor bigint not null,
  discount_minor bigint not null,
  tax_minor bigint not null,
  total_minor bigint not null,
  detail jsonb not null,
  warehouse_id text collate "C" not null,
  reservation_id text collate "C" not null,
  cancelled_quantity bigint not null default 0,
  shipped_quantity bigint not null default 0,
  delivered_quantity bigint not null default 0,
  returned_quantity bigint not null default 0,
  refunded_quantity bigint not null default 0,
  refunded_minor bigint not null default 0,
  primary key (order_id, line_no),
  constraint refund_is_within_line check (refunded_quantity between 0 and quantity and refunded_minor between 0 and total_minor),
  constraint shipped_is_within_ordered check (cancelled_quantity >= 0 and shipped_quantity between 0 and quantity - cancelled_quantity),
  constraint delivered_is_within_shipped check (delivered_quantity between 0 and shipped_quantity),
  constraint returned_is_within_delivered check (returned_quantity between 0 and delivered_quantity)
);
create index if not exists line_by_sku on order_line (sku, order_id);
-- What left, and when it arrived (ORD-15): its lines are what a line's counters are the sums of.
create table if not exists shipment (
  order_id text collate "C",
  shipment_id text collate "C",
  lines jsonb not null,
  carrier text,
  tracking_number text,
  tracking_url text,
  shipped_at_ms bigint not null,
  delivered_at_ms bigint,
  primary key (order_id, shipment_id)
);
-- Goods that come back (ORD-5): which pieces of which lines, and how far that has come.
create table if not exists order_return (
  order_id text collate "C",
  return_id text collate "C",
  status text not null,
  detail jsonb not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  primary key (order_id, return_id)
);
-- Money that goes back (ORD-6): what of which parts of the order, and to whom. What the provider owes of it is the compensation of the same id.
create table if not exists refund (
  order_id text collate "C",
  refund_id text collate "C",
  amount_minor bigint not null,
  actor text not null,
  detail jsonb not null,
  at_ms bigint not null,
  primary key (order_id, refund_id)
);
create table if not exists order_history (
  order_id text collate "C",
  seq bigint,
  from_status text,
  to_status text not null,
  actor text not null,
  reason text,
  at_ms bigint not null,
  primary key (order_id, seq)
);

-- Events out (EVT-1), in order per aggregate: all that speak of one aggregate lock a row in common before they
-- draw their numbers, so the numbers are in the order of the commits.
create table if not exists outbox (
  outbox_id bigint generated always as identity primary key,
  event_id text not null,
  aggregate text collate "C" not null,
  type text not null,
  data jsonb not null,
  state text not null,
  attempts bigint not null,
  failing_since_ms bigint,
  next_attempt_at_ms bigint not null,
  lease_token text,
  lease_until_ms bigint not null,
  created_at_ms bigint not null,
  fanned bigint not null default 0
);
create index if not exists outbox_pending on outbox (outbox_id) where state = 'pending';
create index if not exists outbox_of_aggregate on outbox (aggregate, outbox_id) where state = 'pending';
create index if not exists outbox_by_event on outbox (event_id);
create index if not exists outbox_given_up on outbox (state, outbox_id) where state in ('dead', 'resolved');
create index if not exists outbox_settled on outbox (created_at_ms) where state in ('published', 'resolved', 'fanned');
create index if not exists outbox_to_fan on outbox (outbox_id) where fanned = 0;

-- Receivers of events beside the sink (EVT-7), and what each is sent: in order per aggregate and receiver. `secrets` is sealed. Of a delivery that waits or
-- is claimed, `at_ms` is when it may go out; of another, since when it is so.
create table if not exists receiver (
  receiver_id text collate "C" primary key,
  url text not null,
  types jsonb not null,
  secrets text not null,
  active bigint not null
);
create table if not exists delivery (
  outbox_id bigint,
  receiver_id text collate "C",
  aggregate text collate "C" not null,
  state text not null,
  attempts bigint not null,
  failing_since_ms bigint,
  at_ms bigint not null,
  lease_token text,
  last_error text,
  primary key (outbox_id, receiver_id)
);
create index if not exists delivery_by_state on delivery (receiver_id, state, outbox_id);
create index if not exists delivery_of_aggregate on delivery (receiver_id, aggregate, outbox_id) where state = 'pending';

-- Idempotency of cart and order changes: the receipt commits with the effect.
create table if not exists idempotency (
  idempotency_key text collate "C" constraint idempotency_key_is_used_once primary key,
  request_hash text not null,
  receipt jsonb,
  expires_at_ms bigint not null
);
create index if not exists receipt_due on idempotency (expires_at_ms);

-- Operations: alerts raised once, counters, and each worker's last run.
create table if not exists alert (
  alert_id text collate "C" primary key,
  detail text not null,
  at_ms bigint not null
);
create index if not exists alert_by_time on alert (at_ms, alert_id);
create table if not exists counter (
  name text collate "C" primary key,
  value bigint not null
);
create table if not exists worker_run (
  worker text collate "C" primary key,
  last_success_at_ms bigint not null,
  report jsonb not null
);

-- What people and programs did, appended and never changed: one history for everything that is not an order (`order_history`).
create table if not exists history (
  subject text collate "C",
  seq bigint,
  kind text not null,
  actor text not null,
  reason text,
  at_ms bigint not null,
  data jsonb not null,
  primary key (subject, seq)
);

insert into migration (version, applied_at_ms) select 1, (extract(epoch from clock_timestamp()) * 1000)::bigint where not exists (select 1 from migration);
commit;
