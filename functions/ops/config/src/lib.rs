//! `/api/v1/config`: the variables in force, secrets masked.

use app::ops;
use edge::{Answered, Call};

spin_shell::http!(api::CONFIG { show_config: show });

async fn show(call: Call<'_, api::show_config>) -> Answered<api::show_config> {
    Ok(ops::config(call.ports))
}
