-- One receiver, whole, for its operator and for what is sent to it: its sealed secrets and their key, and how much waits or was given up, counted to 1,000.
-- in: receiver_id text
select object('receiver', @receiver_json(r), 'secrets', r.secrets, 'data_key', document(@data_key_json('receiver/' || r.receiver_id)),
  'pending', (select count(*) from (select 1 as waits from delivery as d where d.receiver_id = r.receiver_id and d.state = 'pending' limit 1000) as waiting),
  'dead', (select count(*) from (select 1 as dead from delivery as d where d.receiver_id = r.receiver_id and d.state = 'dead' limit 1000) as given_up))
from receiver as r where r.receiver_id = :receiver_id
