//! `/api/v1/checkout`: begin a checkout of the caller's cart.

use app::checkout;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CHECKOUT { begin_checkout: begin });

async fn begin(call: Call<'_, api::begin_checkout>) -> Result<Reply, Problem> {
    checkout::begin(call.ports, &call.caller, call.body, &call.change)
}
