-- Adds or replaces a receiver of events (EVT-7), with who did it (SEC-4). A new one comes with its secret, sealed, and the key of that; one that is there
-- keeps its own. What it is to be sent from now on is by its new filter.
-- in: subject text, actor text, receiver_id text, url text, types jsonb: [type], active boolean, secrets text, data_key jsonb: {data_key_id, wrapped_by, wrapped_key}, receiver_limit bigint
-- refuses: too_many_receivers
perform hold_subject(:subject); -- only postgres
refuse 'too_many_receivers' where not exists (select 1 from receiver where receiver_id = :receiver_id) and (select count(*) from receiver) >= :receiver_limit;
@append_change(:subject, 'put', :actor, (select @receiver_json(r) from receiver as r where r.receiver_id = :receiver_id),
  object('receiver_id', :receiver_id, 'url', :url, 'types', document(:types), 'active', flag(:active)))
insert into data_key (owner, data_key_id, wrapped_by, wrapped_key, used_at_ms)
  select 'receiver/' || :receiver_id, made.id, made.wrapped_by, made.wrapped_key, now_ms()
  from (select :data_key ->> 'data_key_id' as id, :data_key ->> 'wrapped_by' as wrapped_by, :data_key ->> 'wrapped_key' as wrapped_key) as made
  where not exists (select 1 from receiver where receiver_id = :receiver_id);
insert into receiver (receiver_id, url, types, secrets, active) values (:receiver_id, :url, :types, :secrets, number(:active))
  on conflict (receiver_id) do update set url = excluded.url, types = excluded.types, active = excluded.active;
delete from alert where alert_id = 'receiver_failing:' || :receiver_id;
returning
(select object('receiver', @receiver_json(r), 'made', flag(r.secrets = :secrets)) from receiver as r where r.receiver_id = :receiver_id)
