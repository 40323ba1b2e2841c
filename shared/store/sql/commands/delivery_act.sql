-- An operator has deliveries of a receiver that were given up sent again (`pending`) or given up for good (`resolved`): one event's, which may also be one
-- that waits for its next try, or the oldest of all that were given up.
-- in: receiver_id text, event_id text?, to_state text, actor text, reason text, limit bigint, idempotency…?
-- refuses: entry_unknown, event_moved_on, idempotency_key_seen
@idempotent
perform 1 from receiver where receiver_id = :receiver_id for no key update; -- only postgres
refuse 'entry_unknown' where not exists (select 1 from receiver where receiver_id = :receiver_id);
refuse 'event_moved_on' where :event_id is not null and not exists (select 1 from outbox as o cross join delivery as d
  where o.event_id = :event_id and d.outbox_id = o.outbox_id and d.receiver_id = :receiver_id and (d.state = 'dead' or (d.state = 'pending' and d.lease_token is null and d.attempts > 0)));
@append_history('receiver/' || :receiver_id, case when :to_state = 'pending' then 'retried' else 'resolved' end, :actor, :reason,
  object('event_id', :event_id, 'deliveries', case when :event_id is not null then 1 else (select count(*) from (select 1 as dead from delivery as d
    where d.receiver_id = :receiver_id and d.state = 'dead' limit :limit) as given_up) end))
update delivery set state = :to_state, at_ms = now_ms(), lease_token = null, attempts = case when state = 'dead' and :to_state = 'pending' then 0 else attempts end,
    failing_since_ms = case when state = 'dead' and :to_state = 'pending' then null else failing_since_ms end
  where receiver_id = :receiver_id and outbox_id in (
    select o.outbox_id from outbox as o where o.event_id = :event_id
    union all select outbox_id from (select d.outbox_id from delivery as d where :event_id is null and d.receiver_id = :receiver_id and d.state = 'dead'
      order by d.outbox_id limit :limit) as given_up);
delete from alert where alert_id = 'receiver_failing:' || :receiver_id;
delete from alert where alert_id = 'receiver_dead:' || :receiver_id
  and not exists (select 1 from delivery as d where d.receiver_id = :receiver_id and d.state = 'dead');
@finish
returning
(select object('receiver_id', :receiver_id, 'deliveries', h.data -> 'deliveries', 'more', flag(exists (select 1 from delivery as d
    where d.receiver_id = :receiver_id and d.state = 'dead')))
  from history as h where h.subject = 'receiver/' || :receiver_id order by h.seq desc limit 1)
