//! `/api/v1/customers/:owner/…`: what is kept of a person is exported, and erased.

use app::customers;
use edge::{Answered, Call};

spin_shell::http!(
    api::CUSTOMER_EXPORT { export_customer: export },
    api::CUSTOMER_ERASE { erase_customer: erase },
);

async fn export(call: Call<'_, api::export_customer>) -> Answered<api::export_customer> {
    customers::export(call.ports, &call.path.owner, &call.query)
}

async fn erase(call: Call<'_, api::erase_customer>) -> Answered<api::erase_customer> {
    customers::erase(call.ports, &call.caller, &call.path.owner, &call.body, &call.change)
}
