-- The key that an owner's contacts are sealed with.
-- function: (of_owner text) returns jsonb language sql
(select object('data_key_id', k.data_key_id, 'wrapped_by', k.wrapped_by, 'wrapped_key', k.wrapped_key) from data_key as k where k.owner = of_owner)
