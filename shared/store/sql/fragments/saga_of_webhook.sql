-- The attempt that a payment of the provider is of: by its reference, or by the name that we have given the provider before it had one.
-- function: (from_source text, of_reference text, named_saga text) returns text language sql
coalesce((select p.saga_id from payment as p where p.provider = from_source and p.reference = of_reference),
  (select p.saga_id from payment as p where p.provider = from_source and p.saga_id = named_saga))
