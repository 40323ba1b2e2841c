-- A SKU with its prices.
create or replace function sku_json(s sku) returns jsonb language plpgsql stable as $$
begin
  return (select jsonb_build_object('sku', s.sku, 'product_id', s.product_id, 'name', s.name, 'category', s.category, 'tax_class', s.tax_class,
      'weight_g', s.weight_g, 'active', s.active = 1,
      'prices', coalesce((select jsonb_object_agg(p.currency, p.amount_minor) from price as p where p.sku = s.sku), '{}')));
end
$$;
