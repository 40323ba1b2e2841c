//! `/api/v1/accounts`, `/api/v1/gift-cards`: points, store credit and gift cards.

use app::stored_value;
use edge::{Answered, Call};

spin_shell::http!(
    api::ACCOUNTS { list_accounts: list, open_account: open },
    api::ACCOUNT { view_account: view },
    api::ACCOUNT_ENTRIES { list_account_entries: entries },
    api::ACCOUNT_TOP_UPS { top_up_account: top_up },
    api::ACCOUNT_CORRECTIONS { correct_account: correct },
    api::GIFT_CARDS { issue_gift_card: issue },
    api::GIFT_CARD_ASSIGN { assign_gift_card: assign },
);

async fn list(call: Call<'_, api::list_accounts>) -> Answered<api::list_accounts> {
    stored_value::list(call.ports, &call.caller, &call.query)
}

async fn open(call: Call<'_, api::open_account>) -> Answered<api::open_account> {
    stored_value::open(call.ports, &call.caller, &call.body, &call.change)
}

async fn view(call: Call<'_, api::view_account>) -> Answered<api::view_account> {
    stored_value::view(call.ports, &call.caller, &call.path.account_id)
}

async fn entries(call: Call<'_, api::list_account_entries>) -> Answered<api::list_account_entries> {
    stored_value::statement(call.ports, &call.caller, &call.path.account_id, &call.query)
}

async fn top_up(call: Call<'_, api::top_up_account>) -> Answered<api::top_up_account> {
    let (service, account_id) = (&call.caller, &call.path.account_id);
    stored_value::top_up(call.ports, service, account_id, &call.body, &call.change)
}

async fn correct(call: Call<'_, api::correct_account>) -> Answered<api::correct_account> {
    let (service, account_id) = (&call.caller, &call.path.account_id);
    stored_value::correct(call.ports, service, account_id, &call.body, &call.change)
}

async fn issue(call: Call<'_, api::issue_gift_card>) -> Answered<api::issue_gift_card> {
    stored_value::issue(call.ports, &call.caller, &call.body, &call.change)
}

async fn assign(call: Call<'_, api::assign_gift_card>) -> Answered<api::assign_gift_card> {
    stored_value::assign(call.ports, &call.caller, &call.body, &call.change)
}
