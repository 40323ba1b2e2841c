//! `/api/v1/payment-methods`: the cards that a customer has saved at the payment provider.

use app::payment_methods;
use edge::{Answered, Call};

spin_shell::http!(
    api::PAYMENT_METHODS { list_payment_methods: list },
    api::PAYMENT_METHOD { remove_payment_method: remove },
);

async fn list(call: Call<'_, api::list_payment_methods>) -> Answered<api::list_payment_methods> {
    payment_methods::list(call.ports, &call.caller).await
}

async fn remove(
    call: Call<'_, api::remove_payment_method>,
) -> Answered<api::remove_payment_method> {
    payment_methods::remove(call.ports, &call.caller, &call.path.payment_method_id).await
}
