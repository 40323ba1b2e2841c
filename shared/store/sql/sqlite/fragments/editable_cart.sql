-- The owner's live cart, not held by a confirm, at a version the caller accepts (null = any). With a `cancel_id` an attempt that waits for its
-- buyer ends: they want another cart than the one it pays for.
-- postgres: lock_editable_cart(doc)
select raise(abort, 'cart_not_found')
  where not exists (select 1 from cart as c where cart_id = :cart_id and owner = :owner and status in ('active', 'checkout') and @unexpired(c));
@supersede
select raise(abort, 'cart_locked') where exists (select 1 from cart where cart_id = :cart_id and saga_id is not null);
-- only with if_versions
select raise(abort, 'version_conflict')
  where :if_versions is not null
    and not exists (select 1 from cart, json_each(:if_versions) as seen where cart_id = :cart_id and version = seen.value);
