-- Writes down what the provider tells of a payment, once, and makes due what is asked of it anyway (PAY-4): the attempt that waits for its answer, and what
-- is owed. It may come in any order, any number of times, and before our own answer: then it names the attempt. A dispute marks the payment, with
-- an alert; one that is over is not open again.
-- in: source text, event_id text, type text, reference text?, saga_id text?, dispute text?, alert text?
-- refuses: webhook_seen
refuse 'webhook_seen' where exists (select 1 from inbox where source = :source and event_id = :event_id);
insert into inbox (source, event_id, type, reference, known, received_at_ms)
  values (:source, :event_id, :type, :reference, number(@saga_of_webhook(:source, :reference, :saga_id) is not null), now_ms()) on conflict do nothing;
lock saga where saga_id = @saga_of_webhook(:source, :reference, :saga_id);
update saga set next_attempt_at_ms = now_ms() where saga_id = @saga_of_webhook(:source, :reference, :saga_id)
  and state in ('authorizing', 'awaiting_action', 'capturing');
update compensation set next_attempt_at_ms = now_ms() where payment_id in (select payment_id from payment where saga_id = @saga_of_webhook(:source, :reference, :saga_id))
  and state = 'pending' and next_attempt_at_ms > now_ms();
-- only with dispute
update payment set dispute = :dispute, updated_at_ms = now_ms() where saga_id = @saga_of_webhook(:source, :reference, :saga_id)
  and (dispute is null or :dispute <> 'open');
-- only with alert
insert into alert (alert_id, detail, at_ms) select 'payment_disputed:' || payment_id, :alert, now_ms() from payment
  where saga_id = @saga_of_webhook(:source, :reference, :saga_id) on conflict do nothing;
returning
object('saga_id', @saga_of_webhook(:source, :reference, :saga_id),
  'waits', flag(exists (select 1 from saga where saga_id = @saga_of_webhook(:source, :reference, :saga_id) and state = 'awaiting_action')))
