-- Whose share code of a promotion an order has, where who ordered is somebody else and new: no other order that stands was before it by this owner or
-- with this e-mail, which is none of the sharer's either.
-- function: (of_order text, of_owner text, of_email text, own_saga text, of_promotion text) returns text language plpgsql
(select k.sharer from promotion_use as u join promotion_code as k on k.code = u.code and k.sharer is not null
  where u.saga_id = own_saga and u.promotion_id = of_promotion and u.state = 'used' and of_owner <> 'customer:' || k.sharer
    and not exists (select 1 from orders as p where p.owner = of_owner and p.order_id < of_order and p.status <> 'cancelled')
    and not exists (select 1 from orders as p where p.email_hash = of_email and p.email_hash > '' and p.order_id <> of_order
      and ((p.order_id < of_order and p.status <> 'cancelled') or p.owner = 'customer:' || k.sharer)))
