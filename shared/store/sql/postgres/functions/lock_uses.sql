-- Locks the promotions, the codes and the accounts that are to be used ([{promotion_id, code}], [{account_id}]), and those of which an attempt has
-- used something, in one order: two that need the same never wait for each other. They come after the cart and before reservations and stock.
create or replace function lock_uses(wanted jsonb, wanted_draws jsonb, of_saga text) returns void language plpgsql as $$
begin
  perform 1 from promotion where promotion_id in (select u ->> 'promotion_id' from each_item(wanted) as u
      union select promotion_id from promotion_use where saga_id = of_saga and state <> 'returned')
    order by promotion_id for update;
  perform 1 from promotion_code where code in (select u ->> 'code' from each_item(wanted) as u
      union select code from promotion_use where saga_id = of_saga and state <> 'returned')
    order by code for update;
  perform 1 from account where account_id in (select d ->> 'account_id' from each_item(wanted_draws) as d
      union select account_id from draw where saga_id = of_saga and state <> 'returned')
    order by account_id for update;
end
$$;
