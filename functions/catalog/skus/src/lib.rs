//! `/api/v1/catalog/skus`: list the catalog, import into it.

use app::catalog;
use edge::{Answered, Call};

spin_shell::http!(api::SKUS { list_skus: list, import_skus: import });

async fn list(call: Call<'_, api::list_skus>) -> Answered<api::list_skus> {
    catalog::list(call.ports, &call.query)
}

async fn import(call: Call<'_, api::import_skus>) -> Answered<api::import_skus> {
    catalog::import(call.ports, &call.body)
}
