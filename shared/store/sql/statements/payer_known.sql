-- What the provider calls a customer; and whose they are still: nobody's who was erased meanwhile.
-- in: payer_id text, reference text
update payer set reference = :reference where payer_id = :payer_id
returning object('is_theirs', flag(customer_id is not null))
