//! `/api/v1/checkout/:session_id/confirm`: from a session to one paid order.

use app::checkout;
use edge::{Call, Problem, Reply};

spin_shell::http!(api::CHECKOUT_CONFIRM { confirm_checkout: confirm });

async fn confirm(call: Call<'_, api::confirm_checkout>) -> Result<Reply, Problem> {
    checkout::confirm(call.ports, &call.caller, &call.path.session_id, &call.body, &call.change).await
}
