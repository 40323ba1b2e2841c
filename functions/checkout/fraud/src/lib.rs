//! `/api/v1/fraud…`: the rules that a confirm is held against, and what they have denied.

use app::fraud;
use edge::{Answered, Call};

spin_shell::http!(
    api::FRAUD_RULES { list_fraud_rules: list },
    api::FRAUD_RULE { put_fraud_rule: put, delete_fraud_rule: delete },
    api::FRAUD_DENIED { list_denied_confirms: denied },
);

async fn list(call: Call<'_, api::list_fraud_rules>) -> Answered<api::list_fraud_rules> {
    fraud::list(call.ports, &call.query)
}

async fn put(call: Call<'_, api::put_fraud_rule>) -> Answered<api::put_fraud_rule> {
    fraud::put(call.ports, &call.caller, &call.path.rule_id, &call.body)
}

async fn delete(call: Call<'_, api::delete_fraud_rule>) -> Answered<api::delete_fraud_rule> {
    fraud::delete(call.ports, &call.caller, &call.path.rule_id, &call.change)
}

async fn denied(call: Call<'_, api::list_denied_confirms>) -> Answered<api::list_denied_confirms> {
    fraud::denied(call.ports, &call.query)
}
