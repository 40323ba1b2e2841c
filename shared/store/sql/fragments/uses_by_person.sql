-- How often a person has a promotion (PROMO-14): by their owner, and by whoever has one of their e-mails; the attempt `but_saga` apart.
-- function: (of_promotion text, person text, emails jsonb, but_saga text) returns bigint language plpgsql
((select count(*) from promotion_use as u where u.promotion_id = of_promotion and u.owner = person and u.state <> 'returned'
    and u.saga_id is distinct from but_saga)
  + integer((select coalesce(sum((select count(*) from promotion_use as u where u.promotion_id = of_promotion and u.email_hash = scalar(e.value)
      and u.email_hash > '' and u.owner <> person and u.state <> 'returned' and u.saga_id is distinct from but_saga)), 0) from each(emails, e))))
