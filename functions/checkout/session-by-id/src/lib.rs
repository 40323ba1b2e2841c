//! `/api/v1/checkout/:session_id`: a checkout session of the caller's.

use app::checkout;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CHECKOUT_SESSION { view_checkout: view, abandon_checkout: abandon });

async fn view(call: Call<'_, api::view_checkout>) -> Result<Reply, Problem> {
    checkout::view(call.ports, &call.caller, &call.path.session_id)
}

async fn abandon(call: Call<'_, api::abandon_checkout>) -> Result<Reply, Problem> {
    checkout::abandon(call.ports, &call.caller, &call.path.session_id)
}
