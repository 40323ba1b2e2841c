//! `/api/v1/session`: from a customer's token of their identity provider to the session token of
//! the shop.

use app::session;
use edge::{Answered, Call};

spin_shell::http!(api::SESSION { open_session: open });

async fn open(call: Call<'_, api::open_session>) -> Answered<api::open_session> {
    let customer = identity::customer(call.ports, &call.caller).await?;
    session::open(call.ports, customer, &call.body)
}
