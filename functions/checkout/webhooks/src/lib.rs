//! `/api/v1/webhooks/stripe`: what the payment provider tells by itself.

use app::checkout;
use edge::{Answered, Call};

spin_shell::http!(api::PAYMENT_WEBHOOKS { receive_webhook: receive });

async fn receive(call: Call<'_, api::receive_webhook>) -> Answered<api::receive_webhook> {
    checkout::receive_webhook(call.ports, &call.body).await
}
