//! `/api/v1/checkout/:session_id`: a checkout session of the caller's.

use app::checkout;
use edge::{Answered, Call};

spin_shell::http!(api::CHECKOUT_SESSION { view_checkout: view, abandon_checkout: abandon });

async fn view(call: Call<'_, api::view_checkout>) -> Answered<api::view_checkout> {
    checkout::view(call.ports, &call.caller, &call.path.session_id)
}

async fn abandon(call: Call<'_, api::abandon_checkout>) -> Answered<api::abandon_checkout> {
    checkout::abandon(call.ports, &call.caller, &call.path.session_id)
}
