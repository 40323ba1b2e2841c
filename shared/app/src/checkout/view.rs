//! `GET` and `DELETE /api/v1/checkout/:session_id`.

use super::not_found;
use crate::{pricing::quote_hash, problem::refused, shop::Shop};
use config::PRICE_STALE_MS;
use domain::{
    saga::SagaState,
    totals::{Totals, Warning, warnings},
};
use edge::{Code, Problem, Reply};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::{Refusal, sql};

#[derive(Deserialize)]
struct Session {
    session_id: String,
    cart_id: String,
    cart_version: i64,
    status: String,
    shipping_method: String,
    totals: Totals,
    created_at_ms: i64,
    expires_at_ms: i64,
    now_ms: i64,
    reservations: Vec<Value>,
    payment: Option<Waiting>,
}

/// The attempt a session waits for.
#[derive(Deserialize)]
struct Waiting {
    state: SagaState,
    payment_method: String,
    expires_at_ms: Option<i64>,
}

/// A session of the caller's, with what is reserved for it and what it waits for. Old prices are called old (CHK-2).
///
/// # Errors
/// `session_not_found`, for somebody else's too.
pub fn view(ports: &Ports<'_>, owner: &str, session_id: &str) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let session: Session =
        shop.read(&sql::SESSION_VIEW, &json!({ "session_id": session_id, "owner": owner }))?.ok_or_else(|| not_found(&shop))?;
    let mut warnings = warnings(&session.totals);
    if session.now_ms.saturating_sub(session.created_at_ms) > shop.setting(&PRICE_STALE_MS)? {
        warnings.push(Warning {
            code: "prices_stale".to_owned(),
            detail: "the prices of this session are old; they are checked again at the confirm".to_owned(),
            line_id: None,
        });
    }
    Ok(Reply::json(
        200,
        &json!({
            "session_id": session.session_id, "cart_id": session.cart_id, "cart_version": session.cart_version, "status": session.status,
            "shipping_method": session.shipping_method, "quote_hash": quote_hash(&session.totals), "totals": session.totals,
            "warnings": warnings, "prices_validated_at_ms": session.created_at_ms, "created_at_ms": session.created_at_ms,
            "expires_at_ms": session.expires_at_ms, "reservations": session.reservations, "payment": session.payment.map(waiting),
        }),
    ))
}

/// What the session waits for, without a secret.
fn waiting(payment: Waiting) -> Value {
    let status = if payment.state == SagaState::AwaitingAction { "requires_action" } else { "processing" };
    json!({ "status": status, "payment_method": payment.payment_method, "expires_at_ms": payment.expires_at_ms })
}

/// Closes a session of the caller's that has no order: a payment that waits for them is cancelled at the provider, what is held goes free, and
/// the cart is theirs to change. Closed once is closed: asked again it is answered the same.
///
/// # Errors
/// `session_not_found`, `cart_completed`, and `cart_locked` while the provider is being asked.
pub fn abandon(ports: &Ports<'_>, owner: &str, session_id: &str) -> Result<Reply, Problem> {
    let shop = Shop::new(ports);
    let input = json!({ "session_id": session_id, "owner": owner, "cancel_id": shop.id() });
    match shop.apply::<Value>(&sql::CHECKOUT_ABANDON, &input)? {
        Ok(abandoned) => Ok(Reply::json(200, &abandoned)),
        Err(Refusal::SessionClosed) => {
            let session: Session =
                shop.read(&sql::SESSION_VIEW, &json!({ "session_id": session_id, "owner": owner }))?.ok_or_else(|| not_found(&shop))?;
            if session.status == "completed" {
                return Err(Problem::new(Code::CartCompleted));
            }
            Ok(Reply::json(200, &json!({ "session_id": session.session_id, "cart_id": session.cart_id, "status": session.status })))
        }
        Err(refusal) => Err(refused(refusal)),
    }
}
