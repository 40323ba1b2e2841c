//! `/api/v1/promotions…`: the rules by which orders cost less, their codes, and what they did.

use app::promotions;
use edge::{Answered, Call};

spin_shell::http!(
    api::PROMOTIONS { list_promotions: list },
    api::PROMOTION { view_promotion: view, put_promotion: put, delete_promotion: delete },
    api::PROMOTION_CODES { list_codes: codes, make_codes },
    api::PROMOTION_CODE { put_code },
);

async fn list(call: Call<'_, api::list_promotions>) -> Answered<api::list_promotions> {
    promotions::list(call.ports, &call.query)
}

async fn view(call: Call<'_, api::view_promotion>) -> Answered<api::view_promotion> {
    promotions::view(call.ports, &call.path.promotion_id)
}

async fn put(call: Call<'_, api::put_promotion>) -> Answered<api::put_promotion> {
    promotions::put(call.ports, &call.caller, &call.path.promotion_id, &call.body)
}

async fn delete(call: Call<'_, api::delete_promotion>) -> Answered<api::delete_promotion> {
    promotions::delete(call.ports, &call.caller, &call.path.promotion_id, &call.change)
}

async fn codes(call: Call<'_, api::list_codes>) -> Answered<api::list_codes> {
    promotions::codes(call.ports, &call.path.promotion_id, &call.query)
}

async fn make_codes(call: Call<'_, api::make_codes>) -> Answered<api::make_codes> {
    promotions::make_codes(call.ports, &call.caller, &call.path.promotion_id, &call.body)
}

async fn put_code(call: Call<'_, api::put_code>) -> Answered<api::put_code> {
    let path = &call.path;
    promotions::put_code(
        call.ports,
        &call.caller,
        &path.promotion_id,
        &path.promotion_code,
        &call.body,
    )
}
