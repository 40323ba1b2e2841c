-- The claim: the saga's row, the cart held, the stock reserved and the payment written down, all or nothing,
-- before any provider is called (CHK-6, STOCK-1, STOCK-2). `plan` is what recovery will work from.
-- With a `cancel_id` it takes the place of the attempt `supersedes` that waits for its buyer; what that held is this one's without ever going free.
-- What promotions it has is used from here on: their rules are as they were read, and their limits hold (PROMO-4); else nothing is claimed. What it
-- draws on accounts is held of them (PROMO-13): the card is asked for the rest.
-- Demand is summed per SKU and warehouse first, since an UPDATE … FROM with a repeated key applies one of them.
-- A buyer whose last confirm has just ended waits `cool_down_ms` for another one (CHK-5).
-- in: cool_down_ms bigint, saga_id text, session_id text, cart_id text, owner text, cart_version bigint, idempotency_key text, request_hash text, lease_token text, lease_ms bigint, reservation_ttl_ms bigint, supersedes text?, cancel_id text?, uses jsonb?, draws jsonb?, plan jsonb
-- refuses: cart_converted, cooling_down, confirm_in_progress, idempotency_key_seen, session_closed, cart_changed, prices_moved, promotions_moved, promotion_used_up, balance_too_low, insufficient_stock
-- One claim of a cart at a time; the next one then sees what became of it.
lock cart where cart_id = :cart_id;
refuse 'cart_converted' where exists (select 1 from orders where cart_id = :cart_id);
refuse 'cooling_down' where :cool_down_ms > 0 and @confirm_ended_at(:owner) > now_ms() - :cool_down_ms;
perform lock_uses(:uses, :draws, :supersedes); -- only postgres
@supersede
refuse 'confirm_in_progress' where :supersedes is distinct from (select saga_id from compensation where compensation_id = :cancel_id);
@confirm_key
insert into saga (saga_id, session_id, cart_id, owner, state, plan, attempts, next_attempt_at_ms, lease_token, lease_until_ms, created_at_ms, updated_at_ms)
  values (:saga_id, :session_id, :cart_id, :owner, 'authorizing', :plan, 0,
    now_ms(), :lease_token, now_ms() + :lease_ms, now_ms(), now_ms());
refuse 'session_closed' where not exists (select 1 from checkout_session where session_id = :session_id and cart_id = :cart_id and owner = :owner
    and status = 'open' and expires_at_ms > now_ms());
refuse 'cart_changed' where not exists (select 1 from cart where cart_id = :cart_id and owner = :owner and status = 'checkout'
    and version = :cart_version and saga_id is null);
-- Warehouses may share a line: what one costs goes by all of the SKU.
refuse 'prices_moved' where exists (select 1
    from (select value ->> 'sku' as sku, integer(value ->> 'unit_price_minor') as unit_price_minor, integer(sum(integer(value ->> 'quantity'))) as quantity
      from each(:plan, 'lines', line) group by 1, 2) as bought
    left join sku on sku.sku = bought.sku
    where @price_of(bought.sku, :plan ->> 'currency', :owner, bought.quantity) is distinct from bought.unit_price_minor or sku.active is distinct from 1);
update cart set saga_id = :saga_id where cart_id = :cart_id;
-- only with uses
refuse 'promotions_moved' where exists (select 1 from each(:uses, used)
    left join promotion as p on p.promotion_id = used.value ->> 'promotion_id'
    left join promotion_code as k on k.code = used.value ->> 'code'
    where p.version is distinct from integer(used.value ->> 'version') or p.active <> 1 or p.starts_at_ms > now_ms() or p.ends_at_ms <= now_ms()
      or (used.value ->> 'code' is not null and (k.active is distinct from 1 or k.promotion_id <> p.promotion_id)));
-- only with uses
update promotion set uses = promotion.uses + 1, spent_minor = promotion.spent_minor + integer(used.value ->> 'spent_minor')
  from each(:uses, used) where promotion.promotion_id = used.value ->> 'promotion_id';
-- only with uses
update promotion_code set uses = promotion_code.uses + 1 from each(:uses, used) where promotion_code.code = used.value ->> 'code';
-- only with uses
insert into promotion_use (saga_id, promotion_id, version, code, owner, email_hash, currency, amount_minor, spent_minor, state, at_ms)
  select :saga_id, used.value ->> 'promotion_id', integer(used.value ->> 'version'), used.value ->> 'code', :owner,
    coalesce((select d.email_hashes ->> 0 from checkout_session as d where d.session_id = :session_id), ''), :plan ->> 'currency',
    integer(used.value ->> 'amount_minor'), integer(used.value ->> 'spent_minor'), 'held', now_ms()
  from each(:uses, used) where true;
-- only with uses
refuse 'promotions_moved' where exists (select 1 from each(:uses, used)
    join promotion as p on p.promotion_id = used.value ->> 'promotion_id' and p.person_limit is not null
    join checkout_session as d on d.session_id = :session_id
    where p.person_limit < @uses_by_person(p.promotion_id, :owner, d.email_hashes, null));
-- only with draws
refuse 'balance_too_low' where exists (select 1 from each(:draws, d) left join account as a on a.account_id = d.value ->> 'account_id'
    where a.account_id is null or a.expires_at_ms <= now_ms() or coalesce('customer:' || a.customer_id, :owner) <> :owner
      or a.balance_minor - a.held_minor < integer(d.value ->> 'units'));
-- only with draws
update account set held_minor = account.held_minor + integer(d.value ->> 'units') from each(:draws, d) where account.account_id = d.value ->> 'account_id';
-- only with draws
insert into draw (saga_id, account_id, units, amount_minor, state, at_ms)
  select :saga_id, d.value ->> 'account_id', integer(d.value ->> 'units'), integer(d.value ->> 'amount_minor'), 'held', now_ms()
  from each(:draws, d) where true;
-- Reservations before stock, and all of the stock in one pass, in one order: two that need the same never wait for each other.
perform lock_stock(:plan -> 'lines', lock_held(:session_id)); -- only postgres
@release_held(:session_id, true)
refuse 'insufficient_stock' where exists (select 1
    from (select value ->> 'sku' as sku, value ->> 'warehouse_id' as warehouse_id, sum(integer(value ->> 'quantity')) as quantity
      from each(:plan, 'lines', line) group by 1, 2) as demand
    left join stock on stock.sku = demand.sku and stock.warehouse_id = demand.warehouse_id
    where stock.on_hand is null or stock.on_hand - stock.reserved < demand.quantity);
update stock set reserved = reserved + demand.quantity
  from (select value ->> 'sku' as sku, value ->> 'warehouse_id' as warehouse_id, sum(integer(value ->> 'quantity')) as quantity
    from each(:plan, 'lines', line) group by 1, 2) as demand
  where stock.sku = demand.sku and stock.warehouse_id = demand.warehouse_id;
insert into reservation (reservation_id, session_id, sku, warehouse_id, quantity, status, expires_at_ms, created_at_ms)
  select value ->> 'reservation_id', :session_id, value ->> 'sku', value ->> 'warehouse_id', integer(value ->> 'quantity'), 'active',
    (select smaller(now_ms() + :reservation_ttl_ms, expires_at_ms) from checkout_session where session_id = :session_id), now_ms()
  from each(:plan, 'lines', line);
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select value ->> 'sku', value ->> 'warehouse_id', 'reserve', 0, integer(value ->> 'quantity'), value ->> 'reservation_id', now_ms()
  from each(:plan, 'lines', line);
insert into payment (payment_id, saga_id, provider, method, state, currency, amount_minor, captured_minor, refunded_minor, updated_at_ms)
  values (:plan ->> 'payment_id', :saga_id, :plan ->> 'provider', :plan ->> 'payment_method', 'pending', :plan ->> 'currency', integer(:plan ->> 'payable_minor'), 0, 0, now_ms());
returning
(select @saga_json(g) from saga as g where g.saga_id = :saga_id)
