//! `/internal/migrate`: the schema of the database, looked at and brought up to date.

use app::ops;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::MIGRATE { show_schema: show, migrate });

async fn show(call: Call<'_, api::show_schema>) -> Result<Reply, Problem> {
    ops::schema(call.ports)
}

async fn migrate(call: Call<'_, api::migrate>) -> Result<Reply, Problem> {
    ops::migrate(call.ports)
}
