-- Gives back what an attempt or its order has used of promotions and codes.
create or replace function return_uses(of_saga text) returns void language plpgsql as $$
begin
  perform lock_promotions(null, of_saga);
  update promotion set uses = promotion.uses - 1, spent_minor = promotion.spent_minor - given.spent_minor
    from promotion_use as given where given.saga_id = of_saga and given.state <> 'returned' and promotion.promotion_id = given.promotion_id;
  update promotion_code set uses = promotion_code.uses - 1
    from promotion_use as given where given.saga_id = of_saga and given.state <> 'returned' and promotion_code.code = given.code;
  update promotion_use set state = 'returned', email_hash = '', at_ms = now_ms() where saga_id = of_saga and state <> 'returned';
end
$$;
