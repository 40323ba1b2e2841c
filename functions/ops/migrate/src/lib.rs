//! `/internal/migrate`: the schema of the database, looked at and brought up to date.

use app::ops;
use edge::{Answered, Call};

spin_shell::http!(api::MIGRATE { show_schema: show, migrate });

async fn show(call: Call<'_, api::show_schema>) -> Answered<api::show_schema> {
    ops::schema(call.ports)
}

async fn migrate(call: Call<'_, api::migrate>) -> Answered<api::migrate> {
    ops::migrate(call.ports)
}
