-- The provider has no such customer any more, or has never said how it calls them: the next card that they save makes another.
-- in: customer_id text, reference text?
delete from payer where customer_id = :customer_id and coalesce(reference, '') = coalesce(:reference, '')
returning object('payer_id', payer_id)
