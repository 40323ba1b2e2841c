//! `/api/v1/config`: the variables in force, secrets masked.

use app::ops;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CONFIG { show_config: show });

async fn show(call: Call<'_, api::show_config>) -> Result<Reply, Problem> {
    Ok(ops::config(call.ports))
}
