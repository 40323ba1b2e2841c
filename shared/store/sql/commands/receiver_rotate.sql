-- A receiver has another secret (EVT-7), with those before it for as long as they are valid. Fenced by what was read.
-- in: subject text, actor text, receiver_id text, was text, secrets text, old_until_ms bigint
-- refuses: receiver_moved_on
perform hold_subject(:subject); -- only postgres
lock receiver where receiver_id = :receiver_id;
refuse 'receiver_moved_on' where not exists (select 1 from receiver where receiver_id = :receiver_id and secrets = :was);
@append_history(:subject, 'rotated', :actor, null, object('old_secrets_until_ms', :old_until_ms))
update receiver set secrets = :secrets where receiver_id = :receiver_id;
returning
object('rotated', flag(true))
