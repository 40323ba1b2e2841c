-- Locks the promotions and the codes that are to be used, and those that an attempt gives back, in one order: two that need the same never wait
-- for each other. They come after the cart and before reservations and stock.
create or replace function lock_promotions(wanted jsonb, of_saga text) returns void language plpgsql as $$
begin
  perform 1 from promotion where promotion_id in (select u ->> 'promotion_id' from each_item(wanted) as u
      union select promotion_id from promotion_use where saga_id = of_saga and state <> 'returned')
    order by promotion_id for update;
  perform 1 from promotion_code where code in (select u ->> 'code' from each_item(wanted) as u
      union select code from promotion_use where saga_id = of_saga and state <> 'returned')
    order by code for update;
end
$$;
