//! `/api/v1/checkout`: begin a checkout of the caller's cart.

use app::checkout;
use edge::{Answered, Call};

spin_shell::http!(api::CHECKOUT { begin_checkout: begin });

async fn begin(call: Call<'_, api::begin_checkout>) -> Answered<api::begin_checkout> {
    checkout::begin(call.ports, &call.caller, call.header.as_ref(), call.body, &call.change)
}
