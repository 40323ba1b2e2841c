-- Data keys that are wrapped by a key which is going, and how many are wrapped by none of the keys there are: those between their names.
-- in: others jsonb: [name], gaps jsonb: [{low, high}], limit bigint
select object(
  'keys', document((select list(object('owner', owner, 'data_key_id', data_key_id, 'wrapped_by', wrapped_by, 'wrapped_key', wrapped_key))
    from (select * from data_key where wrapped_by in (select scalar(item.value) from each(:others, item)) limit :limit) as old)),
  'lost', (select count(*) from (select 1 as lost from each(:gaps, gap) join data_key as k on k.wrapped_by > gap.value ->> 'low' and k.wrapped_by < gap.value ->> 'high' limit :limit) as lost))
