-- A SKU's stock per warehouse.
-- in: sku
select jsonb_build_object('warehouse_id', warehouse_id, 'on_hand', on_hand, 'reserved', reserved, 'available', on_hand - reserved)::text
from stock where sku = :sku order by warehouse_id
