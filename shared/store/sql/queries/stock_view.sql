-- A SKU's stock per warehouse.
-- in: sku text
select object('warehouse_id', warehouse_id, 'on_hand', on_hand, 'reserved', reserved, 'available', on_hand - reserved)
from stock where sku = :sku order by warehouse_id
