//! `/api/v1/customers`: groups and segments; and what is kept of a person is exported, and erased.

use app::customers;
use edge::{Answered, Call};

spin_shell::http!(
    api::CUSTOMERS { list_customers: list },
    api::CUSTOMER { view_customer: view, put_customer: put },
    api::CUSTOMER_HISTORY { list_customer_history: history },
    api::CUSTOMER_EXPORT { export_customer: export },
    api::CUSTOMER_ERASE { erase_customer: erase },
);

async fn list(call: Call<'_, api::list_customers>) -> Answered<api::list_customers> {
    customers::list(call.ports, &call.query)
}

async fn view(call: Call<'_, api::view_customer>) -> Answered<api::view_customer> {
    customers::view(call.ports, &call.path.customer_id)
}

async fn put(call: Call<'_, api::put_customer>) -> Answered<api::put_customer> {
    customers::put(call.ports, &call.caller, &call.path.customer_id, call.body)
}

async fn history(
    call: Call<'_, api::list_customer_history>,
) -> Answered<api::list_customer_history> {
    customers::history(call.ports, &call.path.customer_id, &call.query)
}

async fn export(call: Call<'_, api::export_customer>) -> Answered<api::export_customer> {
    customers::export(call.ports, &call.path.owner, &call.query)
}

async fn erase(call: Call<'_, api::erase_customer>) -> Answered<api::erase_customer> {
    customers::erase(call.ports, &call.caller, &call.path.owner, &call.body, &call.change)
}
