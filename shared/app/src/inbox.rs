//! What other programs tell (EVT-3): CloudEvents, each taken in once and worked by `inbox-work`.
//!
//! What is sent is read here, as far as the shop knows it, and only that is kept: nothing of a person
//! comes into the inbox, and what cannot be worked is refused while its sender listens. To work one is
//! to do what a person would do by an endpoint, under a key that is the event's own; so it may come any
//! number of times, and in any order: what comes too early is tried again, until its time is over.

use crate::{
    catalog::{PriceTold, price_told},
    customers::{self, CustomerTold},
    order::{
        self, Arrived, CaptureOrder, Fulfilment, PaidElsewhere, Telling, fulfilment_moved,
        payment_confirmed, payment_failed, reservation_expired, shipment_arrived,
    },
    problem::refused,
    shop::Shop,
};
use callers::Service;
use config::EVENT_PUBSUB;
use domain::{
    ids::{OrderId, TopicName},
    interval::{Moment, Zone},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{CloudEvent, Code, Done, KeyedChange, Problem, fingerprint};

/// The types that are taken in, each with its name in the path that Dapr is told.
pub const TOPICS: [(&str, &str); 9] = [
    ("payments.payment.confirmed", "payment-confirmed"),
    ("payments.payment.failed", "payment-failed"),
    ("payments.refund.completed", "refund-completed"),
    ("orders.payment.capture_requested", "capture-requested"),
    ("fulfillments.fulfillment.status_changed", "fulfillment-status-changed"),
    ("warehouse.inventory.reservation_expired", "reservation-expired"),
    ("shipping.shipment.delivered", "shipment-delivered"),
    ("pricing.price.updated", "price-updated"),
    ("customer.created", "customer-created"),
];
/// Before the sources of programs, in the inbox that they share with the payment provider: so none can
/// say something in its name.
const TOLD_BY: &str = "event:";

/// That an event was taken in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventTaken {
    /// The event.
    event_id: String,
    /// Who tells it.
    source: String,
    /// Whether it was taken in before: then nothing was done now.
    repeated: bool,
}

/// What was told, as far as it is read; and as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(crate) enum Fact {
    /// A payment was made.
    PaymentConfirmed(PaidElsewhere),
    /// A payment was not made.
    PaymentFailed(OfOrder),
    /// Something else has become of a payment.
    Payment(OfOrder),
    /// The money of an order is wanted.
    Capture(OfOrder),
    /// A warehouse is so far with an order.
    Fulfilment(Fulfilment),
    /// Nobody holds the goods of an order any more.
    ReservationExpired(OfOrder),
    /// Shipments have arrived.
    Arrived(Arrived),
    /// A price is another.
    Price(PriceTold),
    /// There is a customer.
    Customer(CustomerTold),
}

/// What is about an order, and says nothing else that is read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OfOrder {
    order_id: OrderId,
}

impl Fact {
    /// What an event of this type says.
    ///
    /// # Errors
    /// `invalid_field` that names the member, or the type of one that is not taken in.
    fn read(event_type: &str, event: &CloudEvent) -> Result<Self, Problem> {
        let at_ms = || match event.time.as_deref().map(Moment::try_from) {
            None => Ok(None),
            Some(Ok(moment @ Moment::Instant(_))) => Ok(Some(moment.at_ms(Zone::default()))),
            Some(Ok(Moment::Day(_)) | Err(_)) => {
                let place = event.place_of("time");
                Err(Problem::invalid_field(place, "must be an instant as RFC 3339 has it"))
            }
        };
        Ok(match event_type {
            "payments.payment.confirmed" => Self::PaymentConfirmed(event.data()?),
            "payments.payment.failed" => Self::PaymentFailed(event.data()?),
            "payments.refund.completed" => Self::Payment(event.data()?),
            "orders.payment.capture_requested" => Self::Capture(event.data()?),
            "fulfillments.fulfillment.status_changed" => Self::Fulfilment(event.data()?),
            "warehouse.inventory.reservation_expired" => Self::ReservationExpired(event.data()?),
            "shipping.shipment.delivered" => Self::Arrived(event.data()?),
            "pricing.price.updated" => {
                let at_ms = at_ms()?.ok_or_else(|| {
                    let right = "must be given: of two prices the later one stands";
                    Problem::invalid_field(event.place_of("time"), right)
                })?;
                let mut told: PriceTold = event.data()?;
                told.at_ms = at_ms;
                Self::Price(told)
            }
            "customer.created" => {
                let mut told: CustomerTold = event.data()?;
                if told.created_at_ms <= 0 {
                    told.created_at_ms = at_ms()?.unwrap_or(i64::MAX);
                }
                Self::Customer(told)
            }
            _ => {
                let known: Vec<&str> = TOPICS.iter().map(|(event_type, _)| *event_type).collect();
                let right = format!("must be {}", json::listed(&known));
                return Err(Problem::invalid_field(event.place_of("type"), right));
            }
        })
    }

    /// What it is about.
    fn reference(&self) -> String {
        match self {
            Self::Payment(OfOrder { order_id })
            | Self::PaymentConfirmed(PaidElsewhere { order_id, .. })
            | Self::PaymentFailed(OfOrder { order_id })
            | Self::Capture(OfOrder { order_id })
            | Self::ReservationExpired(OfOrder { order_id })
            | Self::Fulfilment(Fulfilment { order_id, .. })
            | Self::Arrived(Arrived { order_id, .. }) => order_id.as_str().to_owned(),
            Self::Price(price) => price.reference(),
            Self::Customer(CustomerTold { customer_id, .. }) => customer_id.as_str().to_owned(),
        }
    }
}

/// Takes in what a program tells: 202, or 200 of what was taken in before.
///
/// # Errors
/// `invalid_field` of what is no event of a type that is taken in.
pub fn take_in(
    ports: &Ports<'_>,
    service: &Service,
    event: &CloudEvent,
) -> Result<Done<EventTaken>, Problem> {
    let fact = Fact::read(&event.event_type, event)?;
    let repeated = !keep(&Shop::new(ports), service, event, &event.event_type, Ok(&fact))?;
    let taken = EventTaken { event_id: event.id.clone(), source: event.source.clone(), repeated };
    Ok(Done::new(taken).other(repeated))
}

/// Keeps an event for the worker, or for a person where it cannot be worked. Whether it is new.
fn keep(
    shop: &Shop<'_>,
    service: &Service,
    event: &CloudEvent,
    event_type: &str,
    read: Result<&Fact, &Problem>,
) -> Result<bool, Problem> {
    let input = json!({
        "source": stored_source(&event.source), "event_id": event.id, "type": event_type, "actor": service.subject,
        "reference": read.ok().map(Fact::reference), "data": read.ok(), "error": read.err().map(Problem::to_string),
    });
    match shop.apply::<Value>(&sql::INBOX_ACCEPT, &input)? {
        Ok(_) => Ok(true),
        Err(Refusal::EventSeen) => Ok(false),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// A program's source as the inbox has it.
pub(crate) fn stored_source(source: &str) -> String {
    format!("{TOLD_BY}{source}")
}

/// Why something was not worked.
pub(crate) enum Unworked {
    /// It may be another time.
    Yet(Problem),
    /// It never can be.
    Ever(Problem),
}

impl From<Problem> for Unworked {
    fn from(problem: Problem) -> Self {
        if [Code::InvalidField, Code::PaymentCollected].contains(&problem.code()) {
            Self::Ever(problem)
        } else {
            Self::Yet(problem)
        }
    }
}

/// Does what an event means, once.
pub(crate) async fn work(
    shop: &Shop<'_>,
    service: &Service,
    (source, event_id): (&str, &str),
    fact: Fact,
) -> Result<(), Unworked> {
    let actor = service.actor();
    let change = |step: &str| keyed(&[source, event_id, step]);
    let telling = Telling { actor: &actor, change: &change };
    match fact {
        // Of a payment at the provider nothing is believed: the provider is asked.
        Fact::PaymentConfirmed(told) => {
            if !payment_confirmed(shop, &telling, &told)? {
                look(shop, &told.order_id)?;
            }
        }
        Fact::PaymentFailed(OfOrder { order_id }) => {
            if !payment_failed(shop, &telling, &order_id).await? {
                look(shop, &order_id)?;
            }
        }
        Fact::Payment(OfOrder { order_id }) => look(shop, &order_id)?,
        Fact::Capture(OfOrder { order_id }) => {
            let asked = CaptureOrder::default();
            let captured =
                order::capture(shop.ports, service, &order_id, &asked, &change("capture")).await;
            match captured {
                // It was taken, or there is none to take.
                Err(problem) if problem.code() == Code::PaymentNotCapturable => {}
                captured => drop(captured?),
            }
        }
        Fact::Fulfilment(told) => fulfilment_moved(shop, &telling, told).await?,
        Fact::ReservationExpired(OfOrder { order_id }) => {
            reservation_expired(shop, &telling, &order_id).await?;
        }
        Fact::Arrived(told) => shipment_arrived(shop, &telling, &told)?,
        Fact::Price(told) => price_told(shop, &actor, &told)?,
        Fact::Customer(told) => customers::told(shop, &actor, told)?,
    }
    Ok(())
}

/// Makes due what is asked of the provider about the payment of an order anyway.
fn look(shop: &Shop<'_>, order_id: &OrderId) -> Result<(), Problem> {
    let input = json!({ "order_id": order_id });
    shop.apply::<Value>(&sql::PAYMENT_LOOK, &input)?.map(drop).map_err(refused)
}

/// A change under a key that only this step of this event has.
fn keyed(parts: &[&str]) -> KeyedChange {
    KeyedChange::under(fingerprint(parts))
}

/// What Dapr asks an application for: where it wants the events of which topic (Dapr's API of
/// publish and subscribe, "Provide a route for Dapr to discover topic subscriptions").
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscription {
    /// The component of Dapr's that brings them: the variable `event_pubsub`.
    pubsubname: String,
    /// The topic: the type of its events.
    topic: &'static str,
    /// Where they are sent.
    route: String,
}

/// What Dapr is to do with an event that it has sent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DaprAnswer {
    /// What has become of it.
    status: DaprStatus,
}

/// What has become of it, in Dapr's words.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
enum DaprStatus {
    /// The shop has it.
    Success,
    /// It is no event: sending it again would change nothing.
    Drop,
}

/// What the shop wants to be told by Dapr.
///
/// # Errors
/// What cannot be read of the configuration.
pub fn subscriptions(ports: &Ports<'_>) -> Result<Done<Vec<Subscription>>, Problem> {
    let pubsub = EVENT_PUBSUB.read(ports.config).map_err(|error| Problem::misconfigured(&error))?;
    let wanted = TOPICS.iter().map(|(topic, slug)| Subscription {
        pubsubname: pubsub.clone(),
        topic,
        route: format!("/events/{slug}"),
    });
    Ok(Done::new(wanted.collect()))
}

/// Takes in what Dapr brings for a topic. Dapr is told when there is nothing to send again: an event
/// that is none is dropped, with an alert; one that the shop cannot work is kept for a person.
///
/// # Errors
/// `entry_not_found` of a topic that the shop does not want. What the database refuses: then Dapr
/// sends it again.
pub fn take_in_from_dapr(
    ports: &Ports<'_>,
    service: &Service,
    slug: &TopicName,
    event: Result<CloudEvent, Problem>,
) -> Result<Done<DaprAnswer>, Problem> {
    let shop = Shop::new(ports);
    let Some((topic, _)) = TOPICS.iter().find(|(_, known)| *known == slug.as_str()) else {
        return Err(Problem::new(Code::EntryNotFound));
    };
    let status = match event {
        Ok(event) => {
            let read = Fact::read(topic, &event);
            keep(&shop, service, &event, topic, read.as_ref())?;
            DaprStatus::Success
        }
        Err(problem) => {
            shop.alert(&format!("inbox_dropped:{topic}"), &problem.to_string());
            DaprStatus::Drop
        }
    };
    Ok(Done::new(DaprAnswer { status }))
}
