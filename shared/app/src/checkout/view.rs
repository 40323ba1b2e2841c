//! `GET` and `DELETE /api/v1/checkout/:session_id`.

use super::{
    begin::{Agreed, Foreseen, SessionBegun, SessionStatus},
    not_found,
};
use crate::{
    pricing::{quote_hash, stale},
    problem::refused,
    shop::Shop,
};
use domain::{
    ids::{CartId, ReservationId, SessionId, ShippingMethodId, Sku, WarehouseId},
    quantity::Quantity,
    saga::SagaState,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// A checkout session, with what is reserved for it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionView {
    /// The session as it was begun.
    #[serde(flatten)]
    session: SessionBegun,
    /// What is held for it.
    reservations: Vec<Rendered<Reservation>>,
    /// The payment it waits for; null if there is none under way.
    payment: Option<SessionPayment>,
}

/// A payment that is under way.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionPayment {
    /// Whom it waits for.
    status: SessionPaymentStatus,
    /// The token it is paid with; `none` where nothing is to be paid.
    payment_method: String,
    /// Until when the stock is held for it.
    expires_at_ms: Option<i64>,
}

/// Whom a payment waits for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionPaymentStatus {
    /// The provider.
    Processing,
    /// The buyer: confirm again with the same key for `client_secret` and `next_action_url`.
    RequiresAction,
}

/// A checkout session that is closed.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionClosed {
    /// The cart it was of.
    cart_id: CartId,
    /// The session.
    session_id: SessionId,
    /// `abandoned`; or `replaced`, if it was over already.
    status: SessionStatus,
}

/// Stock that is held.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// What is held.
    pub sku: Sku,
    /// Where.
    pub warehouse_id: WarehouseId,
    /// How many.
    pub quantity: Quantity,
    /// Whether it ends by itself.
    pub status: ReservationStatus,
    /// When it ends; null once it is committed.
    pub expires_at_ms: Option<i64>,
    /// Whether that has come.
    pub is_expired: bool,
}

/// Whether held stock may go back.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename_all = "snake_case"))]
pub enum ReservationStatus {
    /// Until its time.
    Active,
    /// For good: there is an order.
    Committed,
}

/// A session's row.
#[derive(Deserialize)]
struct Session {
    session_id: SessionId,
    cart_id: CartId,
    cart_version: i64,
    status: SessionStatus,
    shipping_method: ShippingMethodId,
    totals: Agreed,
    created_at_ms: i64,
    expires_at_ms: i64,
    now_ms: i64,
    reservations: Vec<Rendered<Reservation>>,
    payment: Option<Waiting>,
}

/// The attempt a session waits for.
#[derive(Deserialize)]
struct Waiting {
    state: SagaState,
    payment_method: String,
    expires_at_ms: Option<i64>,
}

/// A session of the caller's, with what is reserved for it and what it waits for. Old prices are
/// called old (CHK-2).
///
/// # Errors
/// `session_not_found`, for somebody else's too.
pub fn view(
    ports: &Ports<'_>,
    owner: &str,
    session_id: &SessionId,
) -> Result<Done<Rendered<SessionView>>, Problem> {
    let shop = Shop::new(ports);
    let session = read(&shop, owner, session_id)?;
    let Agreed { quote, totals, mut warnings, origins, .. } = session.totals;
    warnings.extend(stale(&shop, session.now_ms.saturating_sub(session.created_at_ms))?);
    let foreseen = Foreseen {
        cart_id: session.cart_id,
        cart_version: session.cart_version,
        status: session.status,
        shipping_method: session.shipping_method,
        origins,
        quote_hash: quote_hash(&quote),
        totals,
        warnings,
    };
    let begun = SessionBegun {
        session_id: session.session_id,
        created_at_ms: session.created_at_ms,
        prices_validated_at_ms: session.created_at_ms,
        expires_at_ms: session.expires_at_ms,
        foreseen,
    };
    let payment = session.payment.map(SessionPayment::from);
    Ok(Done::new(Rendered::of(&SessionView {
        session: begun,
        reservations: session.reservations,
        payment,
    })))
}

fn read(shop: &Shop<'_>, owner: &str, session_id: &SessionId) -> Result<Session, Problem> {
    shop.read(&sql::SESSION_VIEW, &json!({ "session_id": session_id, "owner": owner }))?
        .ok_or_else(not_found)
}

/// What the session waits for, without a secret.
impl From<Waiting> for SessionPayment {
    fn from(waiting: Waiting) -> Self {
        let Waiting { state, payment_method, expires_at_ms } = waiting;
        let is_buyers = state == SagaState::AwaitingAction;
        let status = if is_buyers {
            SessionPaymentStatus::RequiresAction
        } else {
            SessionPaymentStatus::Processing
        };
        Self { status, payment_method, expires_at_ms }
    }
}

/// Closes a session of the caller's that has no order: a payment that waits for them is cancelled
/// at the provider, what is held goes free, and the cart is theirs to change. Closed once is
/// closed: asked again it is answered the same.
///
/// # Errors
/// `session_not_found`, `cart_completed`, and `cart_locked` while the provider is being asked.
pub fn abandon(
    ports: &Ports<'_>,
    owner: &str,
    session_id: &SessionId,
) -> Result<Done<SessionClosed>, Problem> {
    let shop = Shop::new(ports);
    let input = json!({ "session_id": session_id, "owner": owner, "cancel_id": shop.id() });
    match shop.apply(&sql::CHECKOUT_ABANDON, &input)? {
        Ok(closed) => Ok(Done::new(closed)),
        Err(Refusal::SessionClosed) => {
            let Session { cart_id, session_id, status, .. } = read(&shop, owner, session_id)?;
            if status == SessionStatus::Completed {
                return Err(Problem::new(Code::CartCompleted));
            }
            Ok(Done::new(SessionClosed { cart_id, session_id, status }))
        }
        Err(refusal) => Err(refused(refusal)),
    }
}
