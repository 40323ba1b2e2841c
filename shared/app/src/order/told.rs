//! What other programs tell of an order (EVT-3): a warehouse, a carrier, whoever holds reservations.
//!
//! Each is the move that a person would make by its own endpoint, under a key of the event's own: told
//! again it does nothing, and what the order is past already is done. What comes too early is refused
//! like anybody's too early move, and is tried again by whoever works the inbox.

use super::{
    cancel::end,
    collect::{Due, pay},
    seen::{By, Seen, SeenShipment},
    ship::{LinePart, ShipOrder, arrive, arrives, is_paid, send_off},
    status::{OrderMoved, go, is_held_from, is_worked_on_from},
};
use crate::{KeyedChange, inbox::Unworked, shop::Shop};
use domain::{
    ids::{OrderId, ShipmentId},
    money::Money,
    order::OrderStatus,
    payment::{OfflineMethod, PaymentState},
    shipment::{Carrier, TrackingNumber, TrackingUrl},
};
use serde::{Deserialize, Serialize};
use terms::{Code, Problem};

/// Where a warehouse is with an order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fulfilment {
    pub(crate) order_id: OrderId,
    status: FulfilmentStatus,
    /// What has left; left out, all that is left of the order.
    lines: Option<Vec<LinePart>>,
    carrier: Option<Carrier>,
    tracking_number: Option<TrackingNumber>,
    tracking_url: Option<TrackingUrl>,
}

/// The words of a warehouse: what it does on its own floor is all one to an order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FulfilmentStatus {
    #[serde(alias = "accepted")]
    Pending,
    #[serde(alias = "picking", alias = "picked", alias = "packing", alias = "packed")]
    Processing,
    Shipped,
    Delivered,
    Cancelled,
    Failed,
}

/// What has arrived.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arrived {
    pub(crate) order_id: OrderId,
    /// Which shipment; or the one with this number; or all that are on their way.
    shipment_id: Option<ShipmentId>,
    tracking_number: Option<TrackingNumber>,
}

/// A payment that somebody knows of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaidElsewhere {
    pub(crate) order_id: OrderId,
    /// What was paid: all that is due, where it is left out.
    amount: Option<Money>,
}

/// Whoever tells, and under which key each step of it is made.
pub(crate) struct Telling<'a> {
    pub(crate) actor: &'a str,
    pub(crate) change: &'a dyn Fn(&str) -> KeyedChange,
}

impl Telling<'_> {
    fn by(&self, reason: &'static str) -> By<'_> {
        By { actor: self.actor, reason }
    }
}

/// Writes down that an order is paid where no provider is asked, and says whether it was one of those.
///
/// # Errors
/// `order_not_found`; `invalid_field` of another amount than is due; `payment_not_due` of one that waits
/// for a person, and for ever of one that is cancelled.
pub(crate) fn payment_confirmed(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    told: &PaidElsewhere,
) -> Result<bool, Unworked> {
    let order = Seen::read(shop, None, &told.order_id)?;
    let Some(payment) = order.payment.as_ref().filter(|it| it.offline().is_some()) else {
        return Ok(false);
    };
    if payment.state == PaymentState::Voided {
        let too_late = "the order is cancelled: whoever has the money gives it back";
        return Err(Unworked::Ever(Problem::new(Code::PaymentNotDue).detail(too_late)));
    }
    let Some(due) = Due::of(&order) else { return Ok(true) };
    if let Some(amount) = told.amount {
        due.is_exactly("/data/amount", amount)?;
    }
    let (by, change) = (telling.by(due.reason()), (telling.change)("paid"));
    pay(shop, &order, &due, by, &change).map(drop)?;
    Ok(true)
}

/// Cancels an order that waits for money which will not come, and says whether it was one of those.
///
/// # Errors
/// `order_not_found`, and those of a cancel.
pub(crate) async fn payment_failed(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    order_id: &OrderId,
) -> Result<bool, Problem> {
    let order = Seen::read(shop, None, order_id)?;
    if order.awaits() != Some(OfflineMethod::External) {
        return Ok(false);
    }
    cancel(shop, telling, &order, "its payment has failed").await.map(|()| true)
}

/// Moves an order to where its warehouse is with it.
///
/// # Errors
/// `order_not_found`, and those of the move.
pub(crate) async fn fulfilment_moved(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    told: Fulfilment,
) -> Result<(), Problem> {
    let order = Seen::read(shop, None, &told.order_id)?;
    match told.status {
        FulfilmentStatus::Pending => Ok(()),
        FulfilmentStatus::Processing => work_on(shop, telling, &order).await,
        FulfilmentStatus::Shipped => ship(shop, telling, order, told).await,
        FulfilmentStatus::Delivered => {
            let all: Vec<&SeenShipment> = order.shipments.iter().collect();
            bring(shop, telling, &order, &all)
        }
        FulfilmentStatus::Cancelled => cancel(shop, telling, &order, "not fulfilled").await,
        FulfilmentStatus::Failed => {
            let detail = format!("order {} could not be fulfilled", order.order_number);
            shop.alert(&format!("fulfilment_failed:{}", order.order_id), &detail);
            if !is_held_from(order.status) {
                return Ok(());
            }
            let (by, change) = (telling.by("could not be fulfilled"), (telling.change)("hold"));
            go(shop, &order, (is_held_from, OrderStatus::OnHold), by, &change).await.map(drop)
        }
    }
}

/// Writes down that shipments have arrived.
///
/// # Errors
/// `order_not_found`; `shipment_not_found` of one that has not been told of yet.
pub(crate) fn shipment_arrived(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    told: &Arrived,
) -> Result<(), Problem> {
    let order = Seen::read(shop, None, &told.order_id)?;
    let Arrived { shipment_id, tracking_number, .. } = told;
    let is_meant = |it: &&SeenShipment| match (shipment_id, tracking_number) {
        (Some(shipment_id), _) => it.shipment_id == *shipment_id,
        (None, Some(number)) => it.tracking_number.as_ref() == Some(number),
        (None, None) => true,
    };
    let meant: Vec<&SeenShipment> = order.shipments.iter().filter(is_meant).collect();
    if meant.is_empty() {
        return Err(Problem::new(Code::ShipmentNotFound));
    }
    bring(shop, telling, &order, &meant)
}

/// Cancels an order whose goods nobody holds any more, unless it is paid: then they are sold, and no
/// reservation is left that could expire.
///
/// # Errors
/// `order_not_found`, and those of a cancel.
pub(crate) async fn reservation_expired(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    order_id: &OrderId,
) -> Result<(), Problem> {
    let order = Seen::read(shop, None, order_id)?;
    if is_paid(&order) {
        return Ok(());
    }
    cancel(shop, telling, &order, "its reservation has expired").await
}

async fn work_on(shop: &Shop<'_>, telling: &Telling<'_>, order: &Seen) -> Result<(), Problem> {
    if is_worked_on(order.status) {
        return Ok(());
    }
    let (by, change) = (telling.by("in the warehouse"), (telling.change)("processing"));
    go(shop, order, (is_worked_on_from, OrderStatus::Processing), by, &change).await.map(drop)
}

/// Whether a warehouse has had it in its hands.
fn is_worked_on(status: OrderStatus) -> bool {
    status == OrderStatus::Processing || status.follows_from_pieces() || has_left(status)
}

/// Whether all of it has left.
fn has_left(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Refunded)
}

async fn ship(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    mut order: Seen,
    told: Fulfilment,
) -> Result<(), Problem> {
    let Fulfilment { order_id, lines, carrier, tracking_number, tracking_url, .. } = told;
    let is_known = tracking_number.is_some()
        && order.shipments.iter().any(|it| it.tracking_number == tracking_number);
    if is_known || (lines.is_none() && has_left(order.status)) {
        return Ok(());
    }
    // What has left was worked on, told or not.
    if is_worked_on_from(order.status) {
        work_on(shop, telling, &order).await?;
        order = Seen::read(shop, None, &order_id)?;
    }
    let asked = ShipOrder { lines, carrier, tracking_number, tracking_url, reason: None };
    let (by, change) = (telling.by("shipped"), (telling.change)("shipped"));
    send_off::<OrderMoved>(shop, (&order, &asked), by, &change, |it| json::value(&it.foreseen))
        .await
        .map(drop)
}

fn bring(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    order: &Seen,
    shipments: &[&SeenShipment],
) -> Result<(), Problem> {
    let is_there = |it: &&SeenShipment| it.delivered_at_ms.is_some();
    if !shipments.is_empty() && shipments.iter().all(is_there) {
        return Ok(());
    }
    let (by, change) = (telling.by("delivered"), (telling.change)("delivered"));
    arrive(shop, (order, arrives), shipments, by, &change).map(drop)
}

async fn cancel(
    shop: &Shop<'_>,
    telling: &Telling<'_>,
    order: &Seen,
    reason: &'static str,
) -> Result<(), Problem> {
    if matches!(order.status, OrderStatus::Cancelled | OrderStatus::Refunded) {
        return Ok(());
    }
    let (by, change) = (telling.by(reason), (telling.change)("cancelled"));
    end::<OrderMoved>(shop, order, (OrderStatus::may_cancel, by), &change, |it| json::value(&it))
        .await
        .map(drop)
}
