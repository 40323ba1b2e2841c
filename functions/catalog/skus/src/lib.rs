//! `/api/v1/catalog/skus`: list the catalog, import into it.

use app::catalog;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::SKUS { list_skus: list, import_skus: import });

async fn list(call: Call<'_, api::list_skus>) -> Result<Reply, Problem> {
    catalog::list(call.ports, &call.query)
}

async fn import(call: Call<'_, api::import_skus>) -> Result<Reply, Problem> {
    catalog::import(call.ports, &call.body)
}
