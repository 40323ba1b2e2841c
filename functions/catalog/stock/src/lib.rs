//! `/api/v1/catalog/skus/:sku/stock`: what there is of a SKU, and its changes.

use app::catalog;
use edge::{Answered, Call};

spin_shell::http!(api::STOCK { view_stock: view, move_stock: change });

async fn view(call: Call<'_, api::view_stock>) -> Answered<api::view_stock> {
    catalog::stock(call.ports, &call.path.sku)
}

async fn change(call: Call<'_, api::move_stock>) -> Answered<api::move_stock> {
    catalog::move_stock(call.ports, &call.caller, &call.path.sku, &call.body, &call.change)
}
