//! `/api/v1/catalog/skus/:sku/stock`: what there is of a SKU, and its changes.

use app::catalog;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::STOCK { view_stock: view, move_stock: change });

async fn view(call: Call<'_, api::view_stock>) -> Result<Reply, Problem> {
    catalog::stock(call.ports, &call.path.sku)
}

async fn change(call: Call<'_, api::move_stock>) -> Result<Reply, Problem> {
    catalog::move_stock(call.ports, &call.caller, &call.path.sku, &call.body, &call.change)
}
