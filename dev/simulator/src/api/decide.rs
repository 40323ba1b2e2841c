//! What Stripe would do: from a payment and a form to the payment afterwards. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Answer;
use crate::{
    faults::{Fault, Operation, is_known_token},
    ledger::{Entry, Intent, Record, Refund},
};

/// Stripe's own limit for most currencies.
const AMOUNT_MAX: i64 = 99_999_999;

/// An answer, and what it changes.
pub(super) struct Decision {
    pub(super) answer: Answer,
    pub(super) change: Option<Change>,
    /// Whether the key remembers an answer that changed nothing. Not if the request was refused before it began.
    pub(super) is_stored: bool,
}

/// The payment afterwards.
pub(super) struct Change {
    pub(super) record: Record,
    pub(super) entries: Vec<Entry>,
    pub(super) refund: Option<Refund>,
    pub(super) event_type: &'static str,
}

impl Decision {
    /// Refused before it began: the key stays free.
    pub(super) fn refused(answer: Answer) -> Self {
        Self { answer, change: None, is_stored: false }
    }

    fn changed(status: u16, body: &Value, change: Change) -> Self {
        Self { answer: Answer::json(status, body), change: Some(change), is_stored: true }
    }

    /// The payment is answered as it is afterwards.
    fn intent(record: Record, entries: Vec<Entry>, event_type: &'static str) -> Self {
        let body = json!(record.intent);
        Self::changed(200, &body, Change { record, entries, refund: None, event_type })
    }
}

/// Stripe refuses parameters it does not know, and so finds a client's misspelling.
pub(super) fn unknown_parameter(operation: Operation, form: &BTreeMap<String, String>) -> Option<Answer> {
    let known: &[&str] = match operation {
        Operation::Authorize => {
            &["amount", "currency", "payment_method", "payment_method_types[]", "capture_method", "confirm", "return_url"]
        }
        Operation::Capture => &["amount_to_capture"],
        Operation::Cancel => &["cancellation_reason"],
        Operation::Refund => &["payment_intent", "amount", "reason"],
        Operation::Question | Operation::Sink | Operation::Identity => &[],
    };
    let takes_metadata = matches!(operation, Operation::Authorize | Operation::Refund);
    let is_metadata = |name: &str| takes_metadata && name.starts_with("metadata[") && name.ends_with(']');
    form.keys().find(|name| !known.contains(&name.as_str()) && !is_metadata(name)).map(|name| {
        let message = format!("Received unknown parameter: {name}");
        Answer::error(400, "invalid_request_error", "parameter_unknown", &message, json!({"param": name}))
    })
}

/// What a card does.
enum Card {
    Good,
    NeedsAuthentication,
    Declined { code: String, decline_code: String },
}

fn card(token: &str, fault: Option<&Fault>) -> Option<Card> {
    let declined = |code: &str, decline_code: &str| Some(Card::Declined { code: code.to_owned(), decline_code: decline_code.to_owned() });
    if let Some(Fault::Decline(decline_code)) = fault {
        return declined("card_declined", decline_code);
    }
    match token {
        "pm_card_visa" | "pm_card_mastercard" => Some(Card::Good),
        "pm_card_authenticationRequired" => Some(Card::NeedsAuthentication),
        "pm_card_chargeDeclined" => declined("card_declined", "generic_decline"),
        "pm_card_chargeDeclinedInsufficientFunds" => declined("card_declined", "insufficient_funds"),
        "pm_card_chargeDeclinedExpiredCard" => declined("expired_card", "expired_card"),
        token => is_known_token(token).then_some(Card::Good),
    }
}

pub(super) fn authorize(form: &BTreeMap<String, String>, new_id: &str, key: &str, now_s: i64, fault: Option<&Fault>) -> Decision {
    let value = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refused = |name: &str, message: &str| Decision::refused(Answer::invalid(name, message));
    let Some(amount) = amount(value("amount")) else {
        return refused("amount", "amount must be a whole number from 1 to 99999999");
    };
    let currency = value("currency");
    if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return refused("currency", "currency must be three lower-case letters");
    }
    if value("capture_method") != "manual" {
        return refused("capture_method", "the simulator knows manual capture only");
    }
    if value("confirm") != "true" || value("payment_method_types[]") != "card" {
        return refused("confirm", "the simulator creates confirmed card payments only");
    }
    let token = value("payment_method");
    let Some(card) = card(token, fault) else {
        return Decision::refused(Answer::missing(400, "payment_method", token));
    };
    let held = if fault == Some(&Fault::WrongAmount) { amount.saturating_add(1) } else { amount };
    let id = format!("pi_{new_id}");
    let mut intent = Intent {
        object: "payment_intent".to_owned(),
        amount: held,
        amount_capturable: 0,
        amount_received: 0,
        capture_method: "manual".to_owned(),
        client_secret: format!("{id}_secret_{}", key.len()),
        created: now_s,
        currency: currency.to_owned(),
        last_payment_error: None,
        livemode: false,
        metadata: metadata(form),
        next_action: None,
        payment_method: token.to_owned(),
        payment_method_types: vec!["card".to_owned()],
        status: "requires_payment_method".to_owned(),
        id,
    };
    match card {
        Card::Good => held_by(Record { intent, amount_refunded: 0 }),
        Card::NeedsAuthentication => {
            "requires_action".clone_into(&mut intent.status);
            intent.next_action = Some(match form.get("return_url") {
                Some(return_url) => json!({"type": "redirect_to_url", "redirect_to_url":
                    {"url": format!("https://simulator.invalid/authenticate/{}", intent.id), "return_url": return_url}}),
                None => json!({"type": "use_stripe_sdk"}),
            });
            let record = Record { intent, amount_refunded: 0 };
            Decision::intent(record, Vec::new(), "payment_intent.requires_action")
        }
        Card::Declined { code, decline_code } => declined(intent, &code, &decline_code),
    }
}

fn held_by(mut record: Record) -> Decision {
    let intent = &mut record.intent;
    "requires_capture".clone_into(&mut intent.status);
    intent.amount_capturable = intent.amount;
    intent.next_action = None;
    let entries = vec![Entry { kind: "authorized", amount_minor: intent.amount }];
    Decision::intent(record, entries, "payment_intent.amount_capturable_updated")
}

fn declined(mut intent: Intent, code: &str, decline_code: &str) -> Decision {
    "requires_payment_method".clone_into(&mut intent.status);
    intent.next_action = None;
    let message = "Your card was declined.";
    let error = json!({"type": "card_error", "code": code, "decline_code": decline_code, "message": message});
    intent.last_payment_error = Some(error);
    let more = json!({"decline_code": decline_code, "payment_intent": intent});
    Decision {
        answer: Answer::error(402, "card_error", code, message, more),
        change: Some(Change {
            record: Record { intent, amount_refunded: 0 },
            entries: Vec::new(),
            refund: None,
            event_type: "payment_intent.payment_failed",
        }),
        is_stored: true,
    }
}

pub(super) fn authenticate(record: Record, succeeds: bool) -> Decision {
    match record.intent.status.as_str() {
        "requires_action" if succeeds => held_by(record),
        "requires_action" => declined(record.intent, "payment_intent_authentication_failure", "authentication_required"),
        _ => unexpected_state(&record, "authenticated"),
    }
}

pub(super) fn capture(mut record: Record, form: &BTreeMap<String, String>, fault: Option<&Fault>) -> Decision {
    if record.intent.status != "requires_capture" {
        return unexpected_state(&record, "captured");
    }
    if let Some(Fault::Decline(decline_code)) = fault {
        let message = "The issuer refuses the capture.";
        let more = json!({"decline_code": decline_code, "payment_intent": record.intent});
        let answer = Answer::error(402, "card_error", "card_declined", message, more);
        return Decision { answer, change: None, is_stored: true };
    }
    let intent = &mut record.intent;
    let taken = match form.get("amount_to_capture").map(|text| amount(text)) {
        None => intent.amount_capturable,
        Some(Some(taken)) if taken <= intent.amount_capturable => taken,
        Some(_) => {
            let message = "amount_to_capture must be at most what is held";
            return Decision::refused(Answer::invalid("amount_to_capture", message));
        }
    };
    // What is held beyond the capture goes back to the customer, as at Stripe.
    let rest = intent.amount_capturable.saturating_sub(taken);
    let mut entries = vec![Entry { kind: "captured", amount_minor: taken }];
    if rest > 0 {
        entries.push(Entry { kind: "voided", amount_minor: rest });
    }
    "succeeded".clone_into(&mut intent.status);
    intent.amount_capturable = 0;
    intent.amount_received = taken;
    Decision::intent(record, entries, "payment_intent.succeeded")
}

pub(super) fn cancel(mut record: Record) -> Decision {
    let intent = &mut record.intent;
    if !matches!(intent.status.as_str(), "requires_capture" | "requires_action" | "requires_payment_method") {
        return unexpected_state(&record, "canceled");
    }
    let held = intent.amount_capturable;
    "canceled".clone_into(&mut intent.status);
    intent.amount_capturable = 0;
    intent.next_action = None;
    let entries = if held > 0 { vec![Entry { kind: "voided", amount_minor: held }] } else { Vec::new() };
    Decision::intent(record, entries, "payment_intent.canceled")
}

pub(super) fn refund(mut record: Record, form: &BTreeMap<String, String>, new_id: &str, now_s: i64, fault: Option<&Fault>) -> Decision {
    let error = |code: &str, message: &str| Decision {
        answer: Answer::error(400, "invalid_request_error", code, message, json!({})),
        change: None,
        is_stored: true,
    };
    if record.intent.status != "succeeded" {
        return error("charge_not_captured", "This payment has no captured money to refund.");
    }
    let left = record.intent.amount_received.saturating_sub(record.amount_refunded);
    if left == 0 {
        return error("charge_already_refunded", "The payment has already been refunded.");
    }
    let back = match form.get("amount").map(|text| amount(text)) {
        None => left,
        Some(Some(back)) if back <= left => back,
        Some(Some(_)) => {
            return error("amount_too_large", "The refund is greater than what is left.");
        }
        Some(None) => {
            return Decision::refused(Answer::invalid("amount", "amount must be a whole number above 0"));
        }
    };
    record.amount_refunded = record.amount_refunded.saturating_add(back);
    let pending = fault == Some(&Fault::Pending);
    let status = if pending { "pending" } else { "succeeded" };
    let refund = Refund {
        id: format!("re_{new_id}"),
        object: "refund".to_owned(),
        amount: back,
        created: now_s,
        currency: record.intent.currency.clone(),
        metadata: metadata(form),
        payment_intent: record.intent.id.clone(),
        status: status.to_owned(),
        failure_reason: None,
    };
    Decision::changed(
        200,
        &json!(refund),
        Change {
            record,
            // What is pending gives nothing back yet, and yet no other refund may have it.
            entries: if pending { Vec::new() } else { vec![Entry { kind: "refunded", amount_minor: back }] },
            refund: Some(refund),
            event_type: "charge.refunded",
        },
    )
}

/// A refund that was pending comes to its end.
pub(super) fn settle_refund(mut record: Record, mut refund: Refund, status: &str, failure_reason: Option<&str>) -> Decision {
    status.clone_into(&mut refund.status);
    let entries = if status == "succeeded" {
        vec![Entry { kind: "refunded", amount_minor: refund.amount }]
    } else {
        record.amount_refunded = record.amount_refunded.saturating_sub(refund.amount);
        refund.failure_reason = Some(failure_reason.unwrap_or("unknown").to_owned());
        Vec::new()
    };
    let body = json!(refund);
    Decision::changed(200, &body, Change { record, entries, refund: Some(refund), event_type: "refund.updated" })
}

fn unexpected_state(record: &Record, wanted: &str) -> Decision {
    let message = format!("This PaymentIntent could not be {wanted} because it has a status of {}.", record.intent.status);
    let more = json!({"payment_intent": record.intent});
    Decision {
        answer: Answer::error(400, "invalid_request_error", "payment_intent_unexpected_state", &message, more),
        change: None,
        is_stored: true,
    }
}

fn metadata(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    form.iter()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((name.to_owned(), value.clone()))
        })
        .collect()
}

fn amount(text: &str) -> Option<i64> {
    text.parse().ok().filter(|amount| (1..=AMOUNT_MAX).contains(amount))
}
