-- What was answered to an event when it was received first: whether it is about a payment of this shop.
-- in: source text, event_id text
select object('known', flag(known = 1)) from inbox where source = :source and event_id = :event_id
