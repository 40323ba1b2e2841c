//! `POST /api/v1/orders`: an order by a service, through the same cart, session and saga as a
//! buyer's (ORD-1).

use crate::{
    Change, KeyedChange, cart,
    change::Apply as _,
    checkout::{self, BeginCheckout, Confirm, OrderPlaced, PaymentMethod},
    members::{CurrentTotal, NotSold},
    problem::refused,
    shop::Shop,
};
use callers::Service;
use config::{CART_LINE_LIMIT, CART_QUANTITY_LIMIT};
use domain::{
    address::{Address, Email, Notes},
    ids::{FeeId, SessionId, ShippingMethodId, Sku},
    money::{Currency, Money},
    quantity::Quantity,
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// An order to be. `expected_total` is compared and never used: prices are ours.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateOrder {
    /// The currency it is sold in.
    currency: Currency,
    /// What is bought; a SKU named twice is summed.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1_000)))]
    lines: Vec<Line>,
    /// The total the service expects; compared with ours, never used.
    expected_total: Money,
    /// Where to write to.
    email: Email,
    /// Where it goes.
    shipping_address: Address,
    /// Whom to bill, if not there.
    billing_address: Option<Address>,
    /// How it goes.
    shipping_method: ShippingMethodId,
    /// How it is wrapped, if at all: a fee of the kind `gift_wrap`.
    gift_wrap: Option<FeeId>,
    /// How it is paid.
    payment_method: PaymentMethod,
    /// What the buyer wants to say.
    notes: Option<Notes>,
    /// Whether the money stays held until a capture asks for it, whatever the shop does otherwise.
    #[serde(default)]
    capture_later: bool,
}

#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OrderedLine"))]
#[serde(deny_unknown_fields)]
struct Line {
    /// What.
    sku: Sku,
    /// How many.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10_000)))]
    quantity: i64,
}

/// What says which session something is of.
#[derive(Deserialize)]
struct OfSession {
    session_id: SessionId,
}

/// Creates an order for a service. The total is computed anew and must be exactly the expected one.
///
/// # Errors
/// `total_mismatch`, and everything a checkout refuses.
pub async fn create(
    ports: &Ports<'_>,
    service: &Service,
    body: CreateOrder,
    change: &KeyedChange,
) -> Result<Done<Rendered<OrderPlaced>>, Problem> {
    let shop = Shop::new(ports);
    let owner = service.owner_under(change.key());
    let confirm = Confirm::of_service(body.capture_later);
    if let Some(session_id) = earlier(&shop, &owner)? {
        return checkout::confirm_of_service(ports, &owner, &session_id, &confirm, change).await;
    }
    check_lines(&shop, &body.lines)?;
    open_cart(&shop, &owner, &body, change)?;

    let CreateOrder {
        expected_total,
        email,
        shipping_address,
        billing_address,
        shipping_method,
        gift_wrap,
        payment_method,
        notes,
        ..
    } = body;
    let begin = BeginCheckout {
        email,
        shipping_address,
        billing_address,
        shipping_method,
        gift_wrap,
        payment_method: Some(payment_method),
        notes,
    };
    let begun = match checkout::begin_unless_locked(ports, &owner, begin, &Change::default()) {
        Ok(begun) => begun,
        // The same request, sent at the same time or earlier, has made an order of the cart since,
        // or waits for its buyer.
        Err(problem) => match earlier(&shop, &owner)?.or(under_way(&shop, &owner)?) {
            Some(session_id) => {
                return checkout::confirm_of_service(ports, &owner, &session_id, &confirm, change)
                    .await;
            }
            None => return Err(problem),
        },
    };
    if begun.total != expected_total {
        return Err(Problem::new(Code::TotalMismatch)
            .field("/expected_total")
            .with(CurrentTotal, &begun.total));
    }
    checkout::confirm_of_service(ports, &owner, &begun.session_id, &confirm, change).await
}

/// The session of the order this owner already has: a replay.
fn earlier(shop: &Shop<'_>, owner: &str) -> Result<Option<SessionId>, Problem> {
    let order: Option<OfSession> = shop.read(&sql::ORDER_LATEST, &json!({ "owner": owner }))?;
    Ok(order.map(|order| order.session_id))
}

/// The session of the payment that is under way for this owner.
fn under_way(shop: &Shop<'_>, owner: &str) -> Result<Option<SessionId>, Problem> {
    let attempt: Option<OfSession> = shop.read(&sql::ATTEMPT_LIVE, &json!({ "owner": owner }))?;
    Ok(attempt.map(|attempt| attempt.session_id))
}

fn check_lines(shop: &Shop<'_>, lines: &[Line]) -> Result<(), Problem> {
    let limit = shop.setting(&CART_QUANTITY_LIMIT)?;
    if lines.is_empty() {
        return Err(Problem::new(Code::CartEmpty).field("/lines"));
    }
    if i64::try_from(lines.len()).unwrap_or(i64::MAX) > shop.setting(&CART_LINE_LIMIT)? {
        return Err(Problem::new(Code::TooManyLines).field("/lines"));
    }
    for (index, line) in lines.iter().enumerate() {
        Quantity::within(line.quantity, limit).map_err(|error| {
            Problem::new(Code::QuantityOutOfRange)
                .field(format!("/lines/{index}/quantity"))
                .detail(error.to_string())
        })?;
    }
    Ok(())
}

/// The first line whose SKU is not sold in the order's currency, by its place.
fn not_sold(shop: &Shop<'_>, body: &CreateOrder) -> Result<Problem, Problem> {
    let asked: Vec<&Sku> = body.lines.iter().map(|line| &line.sku).collect();
    let unsold = cart::not_sold(shop, &asked, body.currency)?;
    let problem = Problem::new(Code::SkuUnknown);
    Ok(match body.lines.iter().enumerate().find(|(_, line)| unsold.contains(&line.sku)) {
        Some((place, Line { sku, .. })) => {
            let detail = format!("{sku} is not sold in {}", body.currency);
            problem.field(format!("/lines/{place}/sku")).detail(detail).with(NotSold, sku)
        }
        // It has come on sale since.
        None => problem.field("/lines").detail("a line's SKU was not sold just now; send it again"),
    })
}

/// The cart with its lines, in one statement. One that an interrupted first try has left is taken
/// as it is; the key says that it was for this very body.
fn open_cart(
    shop: &Shop<'_>,
    owner: &str,
    body: &CreateOrder,
    change: &Change,
) -> Result<(), Problem> {
    let input = json!({
        "cart_id": shop.id(), "owner": owner, "currency": body.currency, "country": body.shipping_address.country,
        "cart_idle_ms": cart::idle_ms(shop, owner)?, "lines": body.lines, "events": [],
    });
    let mut refusal = change.apply(shop, owner, &sql::CART_CREATE, input.clone())?.refusal();
    if refusal == Some(Refusal::CartExists) {
        // Unless its time is over: then it is as if it had never been.
        cart::end_if_expired(shop, owner)?;
        refusal = change.apply(shop, owner, &sql::CART_CREATE, input)?.refusal();
    }
    match refusal {
        None | Some(Refusal::CartExists) => Ok(()),
        Some(Refusal::SkuUnknown) => Err(not_sold(shop, body)?),
        Some(refusal) => Err(refused(refusal)),
    }
}
