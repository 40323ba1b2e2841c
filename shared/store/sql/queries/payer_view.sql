-- What the provider calls a customer, if they have saved a card.
-- in: customer_id text
select object('reference', reference) from payer where customer_id = :customer_id and reference is not null
