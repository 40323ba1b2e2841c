-- A receiver of events is sent nothing any more: it goes with its secrets, their key, and what waits for it (EVT-7).
-- in: subject text, actor text, receiver_id text, idempotency…?
-- refuses: entry_unknown, idempotency_key_seen
@idempotent
perform hold_subject(:subject); -- only postgres
lock receiver where receiver_id = :receiver_id;
refuse 'entry_unknown' where not exists (select 1 from receiver where receiver_id = :receiver_id);
@append_change(:subject, 'deleted', :actor, (select @receiver_json(r) from receiver as r where r.receiver_id = :receiver_id), null)
delete from delivery where receiver_id = :receiver_id;
delete from receiver where receiver_id = :receiver_id;
delete from data_key where owner = 'receiver/' || :receiver_id;
delete from alert where alert_id in ('receiver_failing:' || :receiver_id, 'receiver_dead:' || :receiver_id);
@finish
returning
object('subject', :subject)
