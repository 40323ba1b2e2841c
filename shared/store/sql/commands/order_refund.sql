-- Money of an order goes back (ORD-6), of pieces that are `cancelled` too (ORD-4), which are stock again: its lines count it, accounts have their part at once, and what the provider owes is tried from now on. What was
-- paid at the door is handed back by whoever says so. With the last of it the order is `over`: what it used and was rewarded with goes back.
-- What is `waived` was not taken yet, and is not asked for any more. Where all that is not cancelled has arrived, the order is `completed`, by way of `shipped`.
-- in: order_id text, order_version bigint, legal_from jsonb, to_status text?, actor text, reason text, payment_state text?, refund jsonb: {refund_id, amount_minor, detail}, lines jsonb: [{line_no, quantity, amount_minor}], draws jsonb?: [{account_id, units}], returned jsonb?: {return_id, status}, by_hand jsonb?: {amount_minor, state}, owed jsonb?, over boolean?, cancelled jsonb?: [{line_no, quantity}], waived jsonb?: {amount_minor}, completed boolean?, due_in_ms bigint?, if_versions jsonb?, reply jsonb?, idempotency…?, events
-- refuses: version_conflict, order_changed, refund_exceeded, pieces_exceeded, idempotency_key_seen
@idempotent
@order_at
-- Held while they are judged: what is owed finds them as they were read.
lock saga where saga_id = @saga_of(:order_id);
lock payment where saga_id = @saga_of(:order_id);
refuse 'order_changed' where exists (select 1 from payment where saga_id = @saga_of(:order_id) and state is distinct from :payment_state);
update order_line set refunded_quantity = refunded_quantity + back.quantity, refunded_minor = refunded_minor + back.amount_minor
  from (select integer(part.value ->> 'line_no') as line_no, integer(part.value ->> 'quantity') as quantity, integer(part.value ->> 'amount_minor') as amount_minor
    from each(:lines, part)) as back
  where order_line.order_id = :order_id and order_line.line_no = back.line_no;
-- only with cancelled
update order_line set cancelled_quantity = cancelled_quantity + gone.quantity
  from (select integer(part.value ->> 'line_no') as line_no, integer(part.value ->> 'quantity') as quantity from each(:cancelled, part)) as gone
  where order_line.order_id = :order_id and order_line.line_no = gone.line_no;
-- only with cancelled
perform lock_stock((select jsonb_agg(to_jsonb(line)) from order_line as line where line.order_id = :order_id), null); -- only postgres
-- only with cancelled
insert into stock_movement (sku, warehouse_id, kind, on_hand_delta, reserved_delta, reference, at_ms)
  select line.sku, line.warehouse_id, 'restock', integer(part.value ->> 'quantity'), 0, :refund ->> 'refund_id', now_ms()
  from each(:cancelled, part) join order_line as line on line.order_id = :order_id and line.line_no = integer(part.value ->> 'line_no');
-- only with cancelled
update stock set on_hand = on_hand + back.quantity
  from (select line.sku, line.warehouse_id, sum(integer(part.value ->> 'quantity')) as quantity
    from each(:cancelled, part) join order_line as line on line.order_id = :order_id and line.line_no = integer(part.value ->> 'line_no') group by 1, 2) as back
  where stock.sku = back.sku and stock.warehouse_id = back.warehouse_id;
-- only with waived
update payment set amount_minor = amount_minor - integer(:waived ->> 'amount_minor'), waived_minor = waived_minor + integer(:waived ->> 'amount_minor'), updated_at_ms = now_ms()
  where :waived is not null and saga_id = @saga_of(:order_id);
-- only with draws
lock account where account_id in (select part.value ->> 'account_id' from each(:draws, part)) order by account_id;
-- only with draws
insert into ledger (account_id, seq, kind, amount_minor, actor, reason, order_id, at_ms)
  select part.value ->> 'account_id', (select coalesce(max(l.seq), 0) + 1 from ledger as l where l.account_id = part.value ->> 'account_id'), 'refunded',
    integer(part.value ->> 'units'), :actor, :reason, :order_id, now_ms()
  from each(:draws, part);
-- only with draws
update account set balance_minor = balance_minor + back.units
  from (select part.value ->> 'account_id' as account_id, integer(part.value ->> 'units') as units from each(:draws, part)) as back
  where account.account_id = back.account_id;
-- only with draws
update draw set returned_units = returned_units + back.units
  from (select part.value ->> 'account_id' as account_id, integer(part.value ->> 'units') as units from each(:draws, part)) as back
  where draw.saga_id = @saga_of(:order_id) and draw.account_id = back.account_id;
-- only with by_hand
update payment set refunded_minor = refunded_minor + integer(:by_hand ->> 'amount_minor'), state = :by_hand ->> 'state', updated_at_ms = now_ms()
  where :by_hand is not null and saga_id = @saga_of(:order_id);
-- only with returned
update order_return set status = :returned ->> 'status', updated_at_ms = now_ms() where order_id = :order_id and return_id = :returned ->> 'return_id';
-- only with over
update reward set state = 'owed' where order_id = :order_id and state = 'given' and :over;
-- only with over
@return_uses(@saga_of(:order_id), :actor)
-- only with owed
@owe(:owed)
insert into refund (order_id, refund_id, amount_minor, actor, detail, at_ms)
  values (:order_id, :refund ->> 'refund_id', integer(:refund ->> 'amount_minor'), :actor, part(:refund, 'detail'), now_ms());
-- only with completed
update orders set completed_at_ms = now_ms(), due_at_ms = now_ms() + :due_in_ms where order_id = :order_id and :completed;
-- only with completed
@move_order((select order_id from orders where order_id = :order_id and :completed), 'shipped', :actor, :reason)
@move_order(:order_id, :to_status, :actor, :reason)
@finish
returning
(select laid_over(:reply, object('order_id', order_id, 'order_number', order_number, 'version', version, 'updated_at_ms', updated_at_ms)) from orders where order_id = :order_id)
