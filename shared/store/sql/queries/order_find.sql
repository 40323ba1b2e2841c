-- Orders by what few have, as `order_list` lists them: an e-mail, by its hash with each of the keys there are, a number, or a SKU.
-- PostgreSQL plans by the hashes themselves, and not by how many a list may have.
-- in: by_emails text?, by_number text?, by_sku text?, owner text?, status text?, order_number text?, sku text?, payment text?, from text, below text, looked_at bigint, limit bigint
select @order_summary_json(o, seen.fits, seen.place)
from (select m.order_id, @order_fits(m, :owner, :status, :order_number, :sku, :payment) as fits, row_number() over (order by m.order_id desc) as place
  from (
    select * from (select order_id from orders
      where email_hash in (select scalar(hash.value) from each(:by_emails, hash)) -- only sqlite
      where email_hash = any(string_to_array(translate(:by_emails, '[]" ', ''), ',')) -- only postgres
        and email_hash > '' and order_id >= :from and order_id < :below order by order_id desc limit :looked_at) as of_email
    union all
    select order_id from orders where order_number = :by_number and order_id >= :from and order_id < :below
    union all
    select * from (select distinct order_id from order_line
      where sku = :by_sku and order_id >= :from and order_id < :below order by order_id desc limit :looked_at) as of_sku
  ) as found join orders as m on m.order_id = found.order_id) as seen
join orders as o on o.order_id = seen.order_id
where seen.fits or seen.place = :looked_at
order by o.order_id desc limit :limit
