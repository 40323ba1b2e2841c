//! `POST /api/v1/webhooks/stripe`: what the payment provider tells by itself (PAY-4).
//!
//! Nothing of it is believed but that something happened to a payment: what that was the provider is
//! asked, by the same code that asks it anyway. So an event may come late, twice, in any order, or
//! before our own answer. It is written down in the statement that does what it means, and a buyer
//! who has proved who they are at their bank has their order at once, also when they never come back.

use crate::{
    payment::PROVIDER,
    problem::refused,
    saga::{Saga, drive},
    shop::Shop,
};
use config::{PAYMENT_WEBHOOK_SECRET, SAGA_LEASE_MS};
use domain::ids::SagaId;
use json::json;
use ports::Ports;
use providers::signature::verify_stripe;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Signed};

/// Seconds that a signature counts, as the provider's own libraries have it.
const TOLERANCE_S: i64 = 300;
/// Characters of an event's id and type: what is longer is none of the provider's.
const NAME_MAX: usize = 255;

/// That a webhook has arrived.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebhookReceived {
    /// The event.
    event_id: String,
    /// Whether it was received before: then nothing was done.
    repeated: bool,
    /// Whether it is about a payment of this shop; of another, which shares the provider's account,
    /// nothing is done. Of one that is repeated this is as it was the first time.
    known: bool,
}

/// An event, as far as it is read.
#[derive(Deserialize)]
struct Told {
    id: String,
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// What it is about: a payment, a charge, a refund or a dispute.
#[derive(Deserialize)]
struct Object {
    id: String,
    /// The payment, of what is none itself.
    payment_intent: Option<String>,
    /// Of a dispute how it stands.
    status: Option<String>,
    metadata: Option<Metadata>,
}

/// What we have written on a payment.
#[derive(Deserialize)]
struct Metadata {
    saga_id: Option<SagaId>,
}

/// What the statement found.
#[derive(Deserialize)]
struct Found {
    /// The attempt that the payment is of.
    saga_id: Option<SagaId>,
    /// Whether it waits for its buyer.
    waits: bool,
}

/// What was answered to an event when it was received first.
#[derive(Deserialize)]
struct Seen {
    known: bool,
}

impl Told {
    /// The payment it is about.
    fn reference(&self) -> Option<&str> {
        let Object { id, payment_intent, .. } = &self.data.object;
        if self.r#type.starts_with("payment_intent.") {
            Some(id)
        } else {
            payment_intent.as_deref()
        }
    }

    /// How a dispute stands, if it is about one.
    fn dispute(&self) -> Option<&'static str> {
        if !self.r#type.starts_with("charge.dispute.") {
            return None;
        }
        Some(match self.data.object.status.as_deref() {
            Some("won") => "won",
            Some("lost") => "lost",
            Some("warning_closed") => "withdrawn",
            Some(_) | None => "open",
        })
    }
}

/// Takes in what the provider tells.
///
/// # Errors
/// `webhooks_disabled`, `signature_invalid`, `malformed_json`.
pub async fn receive_webhook(
    ports: &Ports<'_>,
    signed: &Signed,
) -> Result<Done<WebhookReceived>, Problem> {
    let shop = Shop::new(ports);
    let secrets = shop
        .setting(&PAYMENT_WEBHOOK_SECRET)?
        .ok_or_else(|| Problem::new(Code::WebhooksDisabled))?;
    let now_s = ports.clock.wall_ms().div_euclid(1_000);
    let signature = signed.signature.as_deref().unwrap_or_default();
    if !verify_stripe(&secrets, signature, &signed.bytes, now_s, TOLERANCE_S) {
        return Err(Problem::new(Code::SignatureInvalid));
    }
    let told: Told = json::read(&signed.bytes).map_err(|error| Problem::unreadable(&error))?;
    for (at, text) in [("/id", &told.id), ("/type", &told.r#type)] {
        if text.is_empty() || text.len() > NAME_MAX {
            return Err(Problem::invalid_field(at, "must be a name of at most 255 characters"));
        }
    }
    let dispute = told.dispute();
    let alert = dispute.filter(|stands| *stands == "open").map(|_| {
        format!("a buyer disputes their payment {}", told.reference().unwrap_or_default())
    });
    let input = json!({
        "source": PROVIDER, "event_id": told.id, "type": told.r#type, "reference": told.reference(),
        "saga_id": told.data.object.metadata.as_ref().and_then(|metadata| metadata.saga_id.as_ref()),
        "dispute": dispute, "alert": alert,
    });
    let answer = |repeated, known| {
        Ok(Done::new(WebhookReceived { event_id: told.id.clone(), repeated, known }))
    };
    match shop.apply::<Found>(&sql::WEBHOOK_RECEIVE, &input)? {
        Ok(Found { saga_id: Some(saga_id), waits: true }) => {
            drive_on(&shop, &saga_id).await;
            answer(false, true)
        }
        Ok(Found { saga_id, .. }) => answer(false, saga_id.is_some()),
        Err(Refusal::WebhookSeen) => {
            let seen: Option<Seen> = shop.read(&sql::WEBHOOK_SEEN, &input)?;
            answer(true, seen.is_some_and(|seen| seen.known))
        }
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Drives on the attempt that waited, unless somebody does already. It is due: if this fails, the
/// worker goes on.
async fn drive_on(shop: &Shop<'_>, saga_id: &SagaId) {
    let driven = async {
        let lease_ms = shop.setting(&SAGA_LEASE_MS)?;
        let input = json!({ "saga_id": saga_id, "lease_token": shop.id(), "lease_ms": lease_ms });
        match shop.read::<Saga>(&sql::SAGA_RESUME, &input)? {
            Some(saga) => drive(shop, saga).await.map(drop),
            None => Ok(()),
        }
    };
    if let Err(problem) = driven.await {
        let (saga_id, code) = (saga_id.as_str(), problem.code().slug());
        terms::log(
            "warning",
            "an attempt waits for its worker",
            &[("saga_id", saga_id), ("code", code)],
        );
    }
}
