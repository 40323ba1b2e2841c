//! What Stripe would do: from a payment and a form to the payment afterwards. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Answer;
use crate::{
    faults::{Fault, Operation, is_known_token},
    ledger::{Card as SavedCard, Customer, Entry, Intent, Record, Refund},
    objects::{self, Expand, is_expand},
};

/// Stripe's own limit for most currencies.
const AMOUNT_MAX: i64 = 99_999_999;

/// An answer, and what it changes.
pub(super) struct Decision {
    pub(super) answer: Answer,
    pub(super) change: Option<Change>,
    /// Whether the key remembers an answer that changed nothing. Not if the request was refused
    /// before it began.
    pub(super) is_stored: bool,
}

/// The payment afterwards.
pub(super) struct Change {
    pub(super) record: Record,
    pub(super) entries: Vec<Entry>,
    pub(super) refund: Option<Refund>,
    /// A card that was saved.
    pub(super) card: Option<SavedCard>,
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

    /// Refused for what it is: the key remembers it.
    fn declined(answer: Answer) -> Self {
        Self { answer, change: None, is_stored: true }
    }

    /// The payment is answered as it is afterwards.
    fn intent(
        record: Record,
        entries: Vec<Entry>,
        event_type: &'static str,
        expand: &Expand,
    ) -> Self {
        let body = expand.apply(objects::payment_intent(&record), &record);
        Self::changed(200, &body, Change { record, entries, refund: None, card: None, event_type })
    }
}

/// What is said of a payment and only shown again.
const SAID: [&str; 4] =
    ["description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix"];

/// Stripe refuses parameters it does not know, and so finds a client's misspelling. `is_new`: it
/// makes a payment.
pub(super) fn unknown_parameter(
    operation: Operation,
    is_new: bool,
    form: &BTreeMap<String, String>,
) -> Option<Answer> {
    let known: &[&str] = match operation {
        Operation::Authorize if is_new => &[
            "amount",
            "currency",
            "payment_method",
            "payment_method_types[]",
            "automatic_payment_methods[enabled]",
            "automatic_payment_methods[allow_redirects]",
            "capture_method",
            "confirm",
            "return_url",
            "customer",
            "setup_future_usage",
        ],
        Operation::Authorize => &["payment_method", "return_url", "client_secret"],
        Operation::Capture => &["amount_to_capture"],
        Operation::Cancel => &["cancellation_reason"],
        Operation::Refund => &["payment_intent", "charge", "amount", "reason"],
        Operation::Customer
        | Operation::Question
        | Operation::Sink
        | Operation::Receiver
        | Operation::Identity => &[],
    };
    let takes_metadata = is_new || matches!(operation, Operation::Capture | Operation::Refund);
    let is_metadata =
        |name: &str| takes_metadata && name.starts_with("metadata[") && name.ends_with(']');
    let is_said = |name: &str| is_new && operation == Operation::Authorize && SAID.contains(&name);
    let unknown = form.keys().find(|name| {
        !known.contains(&name.as_str()) && !is_metadata(name) && !is_said(name) && !is_expand(name)
    });
    if let Some(name) = unknown {
        return Some(Answer::unknown_parameter(name));
    }
    let object = if operation == Operation::Refund { "refund" } else { "payment_intent" };
    Expand::of(form).unknown(object).map(Answer::not_expandable)
}

/// What Stripe says of a card that was detached.
pub(super) const USED: &str = "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
     attachment, shared with a connected account without Customer attachment, or was detached from \
     a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it \
     to a Customer first.";

/// Whether this is a token of the tests' that a card can be made of.
pub(super) fn is_card(token: &str) -> bool {
    matches!(card(token, None), Some(Card::Good | Card::NeedsAuthentication))
}

/// What a card does.
enum Card {
    Good,
    NeedsAuthentication,
    Declined { code: String, decline_code: String },
}

fn card(token: &str, fault: Option<&Fault>) -> Option<Card> {
    let declined = |code: &str, decline_code: &str| {
        Some(Card::Declined { code: code.to_owned(), decline_code: decline_code.to_owned() })
    };
    if let Some(Fault::Decline(decline_code)) = fault {
        return declined("card_declined", decline_code);
    }
    // A refusal is named with the brand before it or without.
    let name = token.strip_prefix("pm_card_").map(|name| {
        name.strip_prefix("visa_").filter(|rest| rest.starts_with("charge")).unwrap_or(name)
    });
    match name.unwrap_or_default() {
        "visa" | "visa_debit" | "mastercard" | "mastercard_debit" | "mastercard_prepaid"
        | "amex" | "discover" | "diners" | "jcb" | "unionpay" | "us" | "au" | "br" | "ca"
        | "ch" | "cn" | "de" | "es" | "fr" | "gb" | "hk" | "ie" | "in" | "it" | "jp" | "mx"
        | "nl" | "pl" | "se" | "sg" | "th" => Some(Card::Good),
        "authenticationRequired" | "threeDSecure2Required" | "threeDSecureRequired" => {
            Some(Card::NeedsAuthentication)
        }
        "chargeDeclined" => declined("card_declined", "generic_decline"),
        "chargeDeclinedInsufficientFunds" => declined("card_declined", "insufficient_funds"),
        "chargeDeclinedLostCard" => declined("card_declined", "lost_card"),
        "chargeDeclinedStolenCard" => declined("card_declined", "stolen_card"),
        "chargeDeclinedVelocityLimitExceeded" => {
            declined("card_declined", "card_velocity_exceeded")
        }
        "radarBlock" | "chargeDeclinedFraudulent" => declined("card_declined", "fraudulent"),
        "chargeDeclinedExpiredCard" => declined("expired_card", "expired_card"),
        "chargeDeclinedIncorrectCvc" => declined("incorrect_cvc", "incorrect_cvc"),
        "chargeDeclinedProcessingError" => declined("processing_error", "processing_error"),
        _ => is_known_token(token).then_some(Card::Good),
    }
}

/// What a request says, and what it is done with.
pub(super) struct Asked<'a> {
    pub(super) form: &'a BTreeMap<String, String>,
    pub(super) new_id: String,
    pub(super) now_s: i64,
    pub(super) fault: Option<&'a Fault>,
    /// The payment method, if it is one that is or was saved.
    pub(super) saved: Option<SavedCard>,
    /// The customer that is named, if there is one.
    pub(super) customer: Option<Customer>,
}

impl Asked<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str)
    }

    fn expand(&self) -> Expand {
        Expand::of(self.form)
    }

    /// A parameter that is one of few words.
    fn one_of<'w>(
        &self,
        name: &str,
        words: &[&'w str],
        otherwise: &'w str,
    ) -> Result<&'w str, Answer> {
        let Some(said) = self.get(name) else { return Ok(otherwise) };
        words.iter().find(|word| **word == said).copied().ok_or_else(|| {
            let message = format!("Invalid {name}: must be one of {}", words.join(", "));
            Answer::invalid(name, &message)
        })
    }
}

/// A payment is made, and confirmed if that is asked for.
pub(super) fn create(asked: &Asked<'_>) -> Decision {
    begin(asked).unwrap_or_else(Decision::refused)
}

fn begin(asked: &Asked<'_>) -> Result<Decision, Answer> {
    let amount = amount(asked, "amount")?.ok_or_else(|| Answer::required("amount"))?;
    let currency =
        asked.get("currency").ok_or_else(|| Answer::required("currency"))?.to_lowercase();
    if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Err(Answer::invalid("currency", &format!("Invalid currency: {currency}.")));
    }
    let capture_method = asked.one_of(
        "capture_method",
        &["automatic", "automatic_async", "manual"],
        "automatic_async",
    )?;
    let confirm = asked.one_of("confirm", &["true", "false"], "false")? == "true";
    if asked.get("payment_method_types[]").is_some_and(|of| of != "card") {
        return Err(Answer::invalid(
            "payment_method_types",
            "The payment method types of the simulator are: card.",
        ));
    }
    let is_automatic = asked.get("automatic_payment_methods[enabled]");
    if is_automatic.is_some() && asked.get("payment_method_types[]").is_some() {
        let message = "You may only specify one of these parameters: automatic_payment_methods, \
            payment_method_types.";
        return Err(Answer::invalid("payment_method_types", message));
    }
    let redirects = asked.one_of(
        "automatic_payment_methods[allow_redirects]",
        &["always", "never"],
        "always",
    )?;
    let is_automatic = is_automatic
        .map_or(asked.get("payment_method_types[]").is_none(), |enabled| enabled == "true");
    if confirm && is_automatic && redirects == "always" && asked.get("return_url").is_none() {
        let message = "This PaymentIntent is configured to accept payment methods enabled in your \
                       Dashboard. Because some of these payment methods might redirect your \
                       customer off of your page, you must provide a `return_url`. If you don't \
                       want to accept redirect-based payment methods, set \
                       `automatic_payment_methods[enabled]` to `true` and \
                       `automatic_payment_methods[allow_redirects]` to `never`.";
        return Err(Answer::error(400, "invalid_request_error", "", message, json!({})));
    }
    if let Some(named) = asked.get("customer")
        && asked.customer.as_ref().is_none_or(|customer| customer.deleted)
    {
        return Err(Answer::missing(400, "customer", "customer", named));
    }
    let setup_future_usage =
        Some(asked.one_of("setup_future_usage", &["on_session", "off_session"], "")?);
    let held =
        if asked.fault == Some(&Fault::WrongAmount) { amount.saturating_add(1) } else { amount };
    let id = format!("pi_{}", asked.new_id);
    let payment_method = asked.get("payment_method");
    let intent = Intent {
        amount: held,
        amount_capturable: 0,
        amount_received: 0,
        automatic_payment_methods: is_automatic
            .then(|| json!({"enabled": true, "allow_redirects": redirects})),
        canceled_at: None,
        cancellation_reason: None,
        capture_method: capture_method.to_owned(),
        client_secret: format!("{id}_secret_{}", asked.new_id),
        created: asked.now_s,
        currency,
        last_payment_error: None,
        latest_charge: None,
        metadata: metadata(asked.form),
        next_action: None,
        payment_method: payment_method.map(str::to_owned),
        customer: asked.get("customer").map(str::to_owned),
        setup_future_usage: setup_future_usage.filter(|usage| !usage.is_empty()).map(str::to_owned),
        status: if payment_method.is_some() {
            "requires_confirmation"
        } else {
            "requires_payment_method"
        }
        .to_owned(),
        id,
    };
    let said =
        SAID.iter().filter_map(|name| Some(((*name).to_owned(), asked.get(name)?.to_owned())));
    let record = Record { intent, amount_refunded: 0, said: said.collect() };
    if confirm {
        return tried(record, asked);
    }
    if let Some(token) = payment_method {
        let does = token_of(&record.intent, asked, token)?;
        card(&does, None).ok_or_else(|| no_such_card(token))?;
    }
    Ok(Decision::intent(record, Vec::new(), "payment_intent.created", &asked.expand()))
}

fn no_such_card(token: &str) -> Answer {
    Answer::missing(400, "PaymentMethod", "payment_method", token)
}

/// What a payment method does: of one that is saved, what it did when it was. It must be whose the
/// payment is.
fn token_of(intent: &Intent, asked: &Asked<'_>, token: &str) -> Result<String, Answer> {
    let Some(saved) = asked.saved.as_ref().filter(|saved| saved.id == token) else {
        return Ok(token.to_owned());
    };
    let refused = |message: &str| Err(Answer::invalid("payment_method", message));
    match (&saved.customer, &intent.customer) {
        (None, _) => refused(USED),
        (Some(owner), None) => refused(&format!(
            "The `payment_method` parameter supplied {token} belongs to the Customer {owner}. \
             Please include the Customer in the `customer` parameter on the PaymentIntent."
        )),
        (Some(owner), Some(named)) if owner != named => refused(&format!(
            "The customer does not have a payment method with the ID {token}. The payment method \
             must be attached to the customer."
        )),
        (Some(_), Some(_)) => Ok(saved.token.clone()),
    }
}

/// A payment that was made before is confirmed, with another card if one is named.
pub(super) fn confirm(mut record: Record, asked: &Asked<'_>) -> Decision {
    if !matches!(
        record.intent.status.as_str(),
        "requires_payment_method" | "requires_confirmation" | "requires_action"
    ) {
        return unexpected_state(&record, "confirmed");
    }
    if let Some(token) = asked.get("payment_method") {
        record.intent.payment_method = Some(token.to_owned());
    }
    tried(record, asked).unwrap_or_else(Decision::refused)
}

/// The issuer is asked.
fn tried(mut record: Record, asked: &Asked<'_>) -> Result<Decision, Answer> {
    let Some(token) = record.intent.payment_method.clone() else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment \
                       method. You can either update the PaymentIntent with a payment method and \
                       then confirm it again, or confirm it again directly with a payment method \
                       or ConfirmationToken.";
        let more = if record.intent.created == asked.now_s {
            json!({})
        } else {
            json!({"payment_intent": objects::payment_intent(&record)})
        };
        return Err(Answer::error(
            400,
            "invalid_request_error",
            "payment_intent_unexpected_state",
            message,
            more,
        ));
    };
    let does = token_of(&record.intent, asked, &token)?;
    let card = card(&does, asked.fault).ok_or_else(|| no_such_card(&token))?;
    record.intent.last_payment_error = None;
    Ok(match card {
        Card::Good => approved(record, &asked.expand(), &asked.new_id, asked.now_s),
        Card::NeedsAuthentication => {
            "requires_action".clone_into(&mut record.intent.status);
            record.intent.next_action = Some(match asked.get("return_url") {
                Some(return_url) => json!({"type": "redirect_to_url", "redirect_to_url":
                    {"url": format!("https://simulator.invalid/authenticate/{}", record.intent.id), "return_url": return_url}}),
                None => json!({"type": "use_stripe_sdk", "use_stripe_sdk": {}}),
            });
            Decision::intent(record, Vec::new(), "payment_intent.requires_action", &asked.expand())
        }
        Card::Declined { code, decline_code } => declined(record, &code, &decline_code),
    })
}

/// The issuer has said yes: it is held, or taken at once; and what paid is saved, if that is wanted.
fn approved(mut record: Record, expand: &Expand, new_id: &str, now_s: i64) -> Decision {
    let card = to_save(&record.intent, new_id, now_s);
    if let Some(card) = &card {
        record.intent.payment_method = Some(card.id.clone());
    }
    let mut decision = held_or_taken(record, expand);
    if let Some(change) = &mut decision.change {
        change.card = card;
    }
    decision
}

/// The name of a card: without digits, of which a dozen in a row could be a card's number.
pub(super) fn card_id(new_id: &str) -> String {
    let letter = |letter: char| match letter.to_digit(10) {
        Some(digit) => "ghijklmnop".chars().nth(usize::try_from(digit).unwrap_or(0)).unwrap_or('g'),
        None => letter,
    };
    format!("pm_{}", new_id.chars().map(letter).collect::<String>())
}

/// The card that is saved now: a token of the tests', which is none yet.
fn to_save(intent: &Intent, new_id: &str, now_s: i64) -> Option<SavedCard> {
    let (customer, token) = (intent.customer.clone()?, intent.payment_method.clone()?);
    intent.setup_future_usage.as_ref()?;
    let is_token = token.starts_with("pm_card_") || token.starts_with("pm_sim_");
    is_token.then(|| SavedCard {
        id: card_id(new_id),
        customer: Some(customer),
        token,
        created: now_s,
    })
}

fn held_or_taken(mut record: Record, expand: &Expand) -> Decision {
    let intent = &mut record.intent;
    intent.next_action = None;
    intent.last_payment_error = None;
    intent.latest_charge = Some(objects::charge_id(&intent.id));
    let mut entries = vec![Entry { kind: "authorized", amount_minor: intent.amount }];
    if intent.capture_method == "manual" {
        "requires_capture".clone_into(&mut intent.status);
        intent.amount_capturable = intent.amount;
        return Decision::intent(
            record,
            entries,
            "payment_intent.amount_capturable_updated",
            expand,
        );
    }
    "succeeded".clone_into(&mut intent.status);
    intent.amount_received = intent.amount;
    entries.push(Entry { kind: "captured", amount_minor: intent.amount });
    Decision::intent(record, entries, "payment_intent.succeeded", expand)
}

/// The issuer has said no.
fn declined(mut record: Record, code: &str, decline_code: &str) -> Decision {
    let message = match (code, decline_code) {
        ("expired_card", _) => "Your card has expired.",
        ("incorrect_cvc", _) => "Your card's security code is incorrect.",
        ("processing_error", _) => {
            "An error occurred while processing your card. Try again in a little bit."
        }
        (_, "insufficient_funds") => "Your card has insufficient funds.",
        (_, _) => "Your card was declined.",
    };
    let intent = &mut record.intent;
    let charge = objects::charge_id(&intent.id);
    intent.latest_charge = Some(charge.clone());
    failed(
        record,
        402,
        "card_error",
        code,
        message,
        json!({"decline_code": decline_code, "charge": charge}),
    )
}

/// A payment came to nothing, and says why.
fn failed(
    mut record: Record,
    status: u16,
    kind: &str,
    code: &str,
    message: &str,
    more: Value,
) -> Decision {
    let intent = &mut record.intent;
    "requires_payment_method".clone_into(&mut intent.status);
    intent.next_action = None;
    let payment_method = intent.payment_method.take().map(|token| objects::payment_method(&token));
    let mut error =
        json!({"type": kind, "code": code, "message": message, "payment_method": payment_method});
    if let (Some(error), Value::Object(more)) = (error.as_object_mut(), more) {
        error.extend(more);
    }
    intent.last_payment_error = Some(error.clone());
    if let Some(error) = error.as_object_mut() {
        error.insert("payment_intent".to_owned(), objects::payment_intent(&record));
    }
    Decision {
        answer: Answer::json(status, &json!({"error": error})),
        change: Some(Change {
            record,
            entries: Vec::new(),
            refund: None,
            card: None,
            event_type: "payment_intent.payment_failed",
        }),
        is_stored: true,
    }
}

/// The customer at the issuer's page.
pub(super) fn authenticate(record: Record, succeeds: bool, new_id: &str, now_s: i64) -> Decision {
    match record.intent.status.as_str() {
        "requires_action" if succeeds => approved(record, &Expand::default(), new_id, now_s),
        "requires_action" => {
            let message = "The provided PaymentMethod has failed authentication. You can provide \
                           payment_method_data or a new PaymentMethod to attempt to fulfill this \
                           PaymentIntent again.";
            failed(
                record,
                402,
                "invalid_request_error",
                "payment_intent_authentication_failure",
                message,
                json!({}),
            )
        }
        _ => unexpected_state(&record, "authenticated"),
    }
}

pub(super) fn capture(mut record: Record, asked: &Asked<'_>) -> Decision {
    if record.intent.status != "requires_capture" {
        return unexpected_state(&record, "captured");
    }
    if let Some(Fault::Decline(decline_code)) = asked.fault {
        let more = json!({
            "decline_code": decline_code, "payment_intent": objects::payment_intent(&record),
        });
        return Decision::declined(Answer::error(
            402,
            "card_error",
            "card_declined",
            "Your card was declined.",
            more,
        ));
    }
    let intent = &mut record.intent;
    let taken = match amount(asked, "amount_to_capture") {
        Ok(None) => intent.amount_capturable,
        Ok(Some(taken)) if taken <= intent.amount_capturable => taken,
        Ok(Some(_)) => {
            let message = "The amount to capture is greater than the amount that is capturable.";
            let more = json!({"param": "amount_to_capture"});
            return Decision::refused(Answer::error(
                400,
                "invalid_request_error",
                "amount_too_large",
                message,
                more,
            ));
        }
        Err(refused) => return Decision::refused(refused),
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
    intent.metadata.extend(metadata(asked.form));
    Decision::intent(record, entries, "payment_intent.succeeded", &asked.expand())
}

pub(super) fn cancel(mut record: Record, asked: &Asked<'_>) -> Decision {
    const REASONS: [&str; 4] = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    let reason = match asked.one_of("cancellation_reason", &REASONS, "") {
        Ok(reason) => Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        Err(refused) => return Decision::refused(refused),
    };
    let intent = &mut record.intent;
    if !matches!(
        intent.status.as_str(),
        "requires_capture"
            | "requires_action"
            | "requires_confirmation"
            | "requires_payment_method"
    ) {
        return unexpected_state(&record, "canceled");
    }
    let held = intent.amount_capturable;
    "canceled".clone_into(&mut intent.status);
    intent.amount_capturable = 0;
    intent.next_action = None;
    intent.canceled_at = Some(asked.now_s);
    intent.cancellation_reason = reason;
    let entries =
        if held > 0 { vec![Entry { kind: "voided", amount_minor: held }] } else { Vec::new() };
    Decision::intent(record, entries, "payment_intent.canceled", &asked.expand())
}

pub(super) fn refund(mut record: Record, asked: &Asked<'_>) -> Decision {
    let error = |code: &str, message: &str| {
        Decision::declined(Answer::error(400, "invalid_request_error", code, message, json!({})))
    };
    let reason =
        match asked.one_of("reason", &["duplicate", "fraudulent", "requested_by_customer"], "") {
            Ok(reason) => Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
            Err(refused) => return Decision::refused(refused),
        };
    if record.intent.status != "succeeded" {
        let message = format!(
            "This PaymentIntent ({}) does not have a successful charge to refund.",
            record.intent.id
        );
        return error("", &message);
    }
    let left = record.intent.amount_received.saturating_sub(record.amount_refunded);
    if left == 0 {
        return error(
            "charge_already_refunded",
            &format!("Charge {} has already been refunded.", objects::charge_id(&record.intent.id)),
        );
    }
    let back = match amount(asked, "amount") {
        Ok(None) => left,
        Ok(Some(back)) if back <= left => back,
        Ok(Some(_)) => {
            let message = "Refund amount is greater than the amount that is left of the charge.";
            return Decision::declined(Answer::error(
                400,
                "invalid_request_error",
                "",
                message,
                json!({"param": "amount"}),
            ));
        }
        Err(refused) => return Decision::refused(refused),
    };
    record.amount_refunded = record.amount_refunded.saturating_add(back);
    let pending = asked.fault == Some(&Fault::Pending);
    let status = if pending { "pending" } else { "succeeded" };
    let refund = Refund {
        id: format!("re_{}", asked.new_id),
        amount: back,
        created: asked.now_s,
        currency: record.intent.currency.clone(),
        metadata: metadata(asked.form),
        payment_intent: record.intent.id.clone(),
        reason,
        status: status.to_owned(),
        failure_reason: None,
    };
    Decision::changed(
        200,
        &asked.expand().apply(objects::refund(&refund), &record),
        Change {
            record,
            // What is pending gives nothing back yet, and yet no other refund may have it.
            entries: if pending {
                Vec::new()
            } else {
                vec![Entry { kind: "refunded", amount_minor: back }]
            },
            refund: Some(refund),
            card: None,
            event_type: "charge.refunded",
        },
    )
}

/// A refund that was pending comes to its end.
pub(super) fn settle_refund(
    mut record: Record,
    mut refund: Refund,
    status: &str,
    failure_reason: Option<&str>,
) -> Decision {
    status.clone_into(&mut refund.status);
    let entries = if status == "succeeded" {
        vec![Entry { kind: "refunded", amount_minor: refund.amount }]
    } else {
        record.amount_refunded = record.amount_refunded.saturating_sub(refund.amount);
        refund.failure_reason = Some(failure_reason.unwrap_or("unknown").to_owned());
        Vec::new()
    };
    let body = objects::refund(&refund);
    Decision::changed(
        200,
        &body,
        Change { record, entries, refund: Some(refund), card: None, event_type: "refund.updated" },
    )
}

fn unexpected_state(record: &Record, wanted: &str) -> Decision {
    let message = format!(
        "This PaymentIntent could not be {wanted} because it has a status of {}.",
        record.intent.status
    );
    let more = json!({"payment_intent": objects::payment_intent(record)});
    Decision::declined(Answer::error(
        400,
        "invalid_request_error",
        "payment_intent_unexpected_state",
        &message,
        more,
    ))
}

pub(super) fn metadata(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    form.iter()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((name.to_owned(), value.clone()))
        })
        .collect()
}

/// An amount, if it is there.
fn amount(asked: &Asked<'_>, name: &str) -> Result<Option<i64>, Answer> {
    let Some(text) = asked.get(name) else { return Ok(None) };
    let refused = |code: &str, message: &str| {
        Err(Answer::error(400, "invalid_request_error", code, message, json!({"param": name})))
    };
    match text.parse::<i64>() {
        Err(_) => refused("parameter_invalid_integer", &format!("Invalid integer: {text}")),
        Ok(..1) => {
            refused("parameter_invalid_integer", "This value must be greater than or equal to 1.")
        }
        Ok(amount) if amount > AMOUNT_MAX => {
            refused("amount_too_large", "Amount must be no more than 999,999.99.")
        }
        Ok(amount) => Ok(Some(amount)),
    }
}
