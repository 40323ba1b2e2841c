//! `/api/v1/orders/:order_id/returns`: goods that come back, from the wish to the shelf.

use app::order;
use edge::{Answered, Call};

spin_shell::http!(
    api::ORDER_RETURNS { request_return: request },
    api::ORDER_RETURN_APPROVE { approve_return: approve },
    api::ORDER_RETURN_REFUSE { refuse_return: refuse },
    api::ORDER_RETURN_WITHDRAW { withdraw_return: withdraw },
    api::ORDER_RETURN_RECEIVE { receive_return: receive },
);

async fn request(call: Call<'_, api::request_return>) -> Answered<api::request_return> {
    order::request_return(call.ports, &call.caller, &call.path.order_id, &call.body, &call.change)
}

async fn approve(call: Call<'_, api::approve_return>) -> Answered<api::approve_return> {
    let of = (&call.path.order_id, &call.path.return_id);
    order::approve_return(call.ports, &call.caller, of, &call.body, &call.change)
}

async fn refuse(call: Call<'_, api::refuse_return>) -> Answered<api::refuse_return> {
    let of = (&call.path.order_id, &call.path.return_id);
    order::refuse_return(call.ports, &call.caller, of, &call.body, &call.change)
}

async fn withdraw(call: Call<'_, api::withdraw_return>) -> Answered<api::withdraw_return> {
    let of = (&call.path.order_id, &call.path.return_id);
    order::withdraw_return(call.ports, &call.caller, of, &call.body, &call.change)
}

async fn receive(call: Call<'_, api::receive_return>) -> Answered<api::receive_return> {
    let of = (&call.path.order_id, &call.path.return_id);
    order::receive_return(call.ports, &call.caller, of, &call.body, &call.change)
}
