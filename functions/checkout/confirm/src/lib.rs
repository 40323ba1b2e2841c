//! `/api/v1/checkout/:session_id/confirm`: from a session to one paid order.

use app::checkout;
use edge::{Answered, Call};

spin_shell::http!(api::CHECKOUT_CONFIRM { confirm_checkout: confirm });

async fn confirm(call: Call<'_, api::confirm_checkout>) -> Answered<api::confirm_checkout> {
    checkout::confirm(call.ports, &call.caller, &call.path.session_id, &call.body, &call.change)
        .await
}
