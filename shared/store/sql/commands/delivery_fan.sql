-- Gives events to each receiver that wants them (EVT-7), once. Where there is no sink, an event is for its receivers alone: `fanned`.
-- in: events jsonb: [outbox_id], has_sink boolean
-- In the order of their numbers, so that of two runs the second finds nothing left to give.
lock outbox where fanned = 0 and outbox_id in (select integer(scalar(item.value)) from each(:events, item)) order by outbox_id;
perform 1 from receiver order by receiver_id for key share; -- only postgres
insert into delivery (outbox_id, receiver_id, aggregate, state, attempts, at_ms)
  select o.outbox_id, receiver.receiver_id, o.aggregate, 'pending', 0, now_ms()
  from each(:events, item) join outbox as o on o.outbox_id = integer(scalar(item.value)) join receiver on receiver.active = 1
  where o.fanned = 0 and @is_wanted(o.type, receiver.types);
update outbox set fanned = 1, state = case when state = 'pending' and number(:has_sink) = 0 then 'fanned' else state end
  where fanned = 0 and outbox_id in (select integer(scalar(item.value)) from each(:events, item));
returning
object('fanned', flag(true))
