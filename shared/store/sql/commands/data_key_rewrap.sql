-- Keeps data keys as they were wrapped anew (SEC-5). One that was replaced, erased or wrapped by somebody else meanwhile stays as it is.
-- in: keys jsonb: [{owner, data_key_id, was_wrapped_by, wrapped_by, wrapped_key}]
-- One run at a time, so that no two wait for each other's rows.
lock worker_run where worker = 'data-key-rewrap';
update data_key set wrapped_by = made.wrapped_by, wrapped_key = made.wrapped_key
  from (select item.value ->> 'owner' as owner, item.value ->> 'data_key_id' as data_key_id, item.value ->> 'was_wrapped_by' as was_wrapped_by,
    item.value ->> 'wrapped_by' as wrapped_by, item.value ->> 'wrapped_key' as wrapped_key from each(:keys, item)) as made
  where data_key.owner = made.owner and data_key.data_key_id = made.data_key_id and data_key.wrapped_by = made.was_wrapped_by;
returning
(select object('rewrapped', count(*)) from each(:keys, item) join data_key as k on k.owner = item.value ->> 'owner' where k.wrapped_key = item.value ->> 'wrapped_key')
