-- What was told, as whoever decides about it has to have read it.
-- in: source text, event_id text
select object('state', state, 'attempts', attempts, 'known', flag(actor is not null)) from inbox where source = :source and event_id = :event_id
