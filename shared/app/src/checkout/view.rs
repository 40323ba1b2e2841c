//! `GET /api/v1/checkout/:session_id`.

use super::not_found;
use crate::{pricing::quote_hash, settings::PRICE_STALE_MS, shop::Shop};
use domain::totals::{Totals, Warning, warnings};
use edge::{Problem, Reply};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::sql;

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
}

/// A session of the caller's, with what is reserved for it. Old prices are called old (CHK-2).
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
            "expires_at_ms": session.expires_at_ms, "reservations": session.reservations,
        }),
    ))
}
