//! Stripe's objects with the members that they have there, also those that mean nothing here: its
//! own libraries read them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ledger::{Card, Customer, Record, Refund};

/// A PaymentIntent.
#[must_use]
pub fn payment_intent(record: &Record) -> Value {
    let intent = &record.intent;
    let said = |name: &str| record.said.get(name);
    let mut shown = json!({
        "id": intent.id, "object": "payment_intent", "livemode": false, "created": intent.created,
        "status": intent.status,
        "amount": intent.amount, "amount_capturable": intent.amount_capturable,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount_received, "currency": intent.currency,
        "automatic_payment_methods": intent.automatic_payment_methods,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason, "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic", "last_payment_error": intent.last_payment_error,
        "latest_charge": intent.latest_charge,
        "metadata": intent.metadata, "next_action": intent.next_action,
        "payment_method": intent.payment_method,
        "payment_method_options": {
            "card": {
                "installments": null, "mandate_options": null, "network": null,
                "request_three_d_secure": "automatic",
            },
        },
        "payment_method_types": ["card"],
        "customer": intent.customer, "setup_future_usage": intent.setup_future_usage,
        "description": said("description"), "receipt_email": said("receipt_email"),
        "statement_descriptor": said("statement_descriptor"),
        "statement_descriptor_suffix": said("statement_descriptor_suffix"),
    });
    nothing(
        &mut shown,
        &[
            "application",
            "application_fee_amount",
            "on_behalf_of",
            "payment_method_configuration_details",
            "processing",
            "review",
            "shipping",
            "source",
            "transfer_data",
            "transfer_group",
        ],
    );
    shown
}

/// The charge of a payment that was tried: held, taken, or refused by the issuer.
#[must_use]
pub fn charge(record: &Record) -> Option<Value> {
    let intent = &record.intent;
    let id = intent.latest_charge.as_ref()?;
    let error = intent.last_payment_error.as_ref();
    let taken = intent.amount_received > 0;
    let mut shown = json!({
        "id": id, "object": "charge", "livemode": false, "created": intent.created,
        "currency": intent.currency,
        "amount": intent.amount, "amount_captured": intent.amount_received,
        "amount_refunded": record.amount_refunded,
        "billing_details": {
            "address": null, "email": null, "name": null, "phone": null, "tax_id": null,
        },
        "captured": taken, "disputed": false,
        "failure_code": error.and_then(|error| error.get("code")),
        "failure_message": error.and_then(|error| error.get("message")), "fraud_details": {},
        "metadata": intent.metadata,
        "paid": error.is_none(), "payment_intent": intent.id,
        "payment_method": intent.payment_method, "customer": intent.customer,
        "payment_method_details": {"type": "card", "card": {}},
        "refunded": taken && record.amount_refunded == intent.amount_received,
        "status": if error.is_none() { "succeeded" } else { "failed" },
        "description": record.said.get("description"),
        "receipt_email": record.said.get("receipt_email"),
    });
    nothing(
        &mut shown,
        &[
            "application",
            "application_fee",
            "application_fee_amount",
            "balance_transaction",
            "calculated_statement_descriptor",
            "failure_balance_transaction",
            "on_behalf_of",
            "outcome",
            "receipt_number",
            "receipt_url",
            "review",
            "shipping",
            "source",
            "source_transfer",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "transfer_data",
            "transfer_group",
        ],
    );
    Some(shown)
}

/// A refund.
#[must_use]
pub fn refund(refund: &Refund) -> Value {
    let mut shown = json!({
        "id": refund.id, "object": "refund", "created": refund.created, "amount": refund.amount,
        "currency": refund.currency,
        "charge": charge_id(&refund.payment_intent), "metadata": refund.metadata,
        "payment_intent": refund.payment_intent,
        "reason": refund.reason, "status": refund.status,
    });
    // Stripe has it on those alone that failed.
    if let (Some(shown), Some(reason)) = (shown.as_object_mut(), &refund.failure_reason) {
        shown.insert("failure_reason".to_owned(), json!(reason));
    }
    nothing(
        &mut shown,
        &["balance_transaction", "receipt_number", "source_transfer_reversal", "transfer_reversal"],
    );
    shown
}

/// A customer; of one that was deleted its name alone.
#[must_use]
pub fn customer(customer: &Customer) -> Value {
    let Customer { id, created, metadata, said, deleted } = customer;
    if *deleted {
        return json!({"id": id, "object": "customer", "deleted": true});
    }
    let said = |name: &str| said.get(name);
    let mut shown = json!({
        "id": id, "object": "customer", "livemode": false, "created": created, "metadata": metadata,
        "balance": 0, "delinquent": false, "invoice_prefix": "SIMULATE", "next_invoice_sequence": 1,
        "preferred_locales": [], "tax_exempt": "none",
        "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null,
            "rendering_options": null,
        },
        "description": said("description"), "email": said("email"), "name": said("name"),
        "phone": said("phone"),
    });
    nothing(
        &mut shown,
        &["address", "currency", "default_source", "discount", "shipping", "test_clock"],
    );
    shown
}

/// A card that is or was saved.
#[must_use]
pub fn card(card: &Card) -> Value {
    let (brand, last4) = match card.token.strip_prefix("pm_card_").unwrap_or_default() {
        name if name.starts_with("mastercard") => ("mastercard", "4444"),
        "amex" => ("amex", "8431"),
        "discover" => ("discover", "9424"),
        "authenticationRequired" => ("visa", "3184"),
        _ => ("visa", "4242"),
    };
    let mut shown = payment_method(&card.id);
    if let Some(shown) = shown.as_object_mut() {
        shown.extend([
            ("allow_redisplay".to_owned(), json!("unspecified")),
            ("created".to_owned(), json!(card.created)),
            ("customer".to_owned(), json!(card.customer)),
            ("metadata".to_owned(), json!({})),
            (
                "billing_details".to_owned(),
                json!({"address": null, "email": null, "name": null, "phone": null, "tax_id": null}),
            ),
            (
                "card".to_owned(),
                json!({
                    "brand": brand, "last4": last4, "exp_month": 4, "exp_year": 2044,
                    "checks": {
                        "address_line1_check": null, "address_postal_code_check": null,
                        "cvc_check": "pass",
                    },
                    "country": country(&card.token), "display_brand": brand,
                    "fingerprint": fingerprint(&card.token),
                    "funding": "credit", "generated_from": null,
                    "networks": {"available": [brand], "preferred": null},
                    "regulated_status": "unregulated",
                    "three_d_secure_usage": {"supported": true}, "wallet": null,
                }),
            ),
        ]);
    }
    shown
}

/// A page of a list.
#[must_use]
pub fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({"object": "list", "url": url, "has_more": has_more, "data": data})
}

/// The one charge a payment has here.
#[must_use]
pub fn charge_id(intent_id: &str) -> String {
    format!("ch_{}", intent_id.strip_prefix("pi_").unwrap_or(intent_id))
}

fn nothing(shown: &mut Value, members: &[&str]) {
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(members.iter().map(|name| ((*name).to_owned(), Value::Null)));
    }
}

/// What a request wants to be shown whole instead of by its id: `expand[]=latest_charge`.
#[derive(Clone, Debug, Default)]
pub struct Expand(Vec<String>);

impl Expand {
    /// What the parameters of a form, or of a query, say.
    #[must_use]
    pub fn of(parameters: &BTreeMap<String, String>) -> Self {
        let named = parameters.iter().filter(|(name, _)| is_expand(name));
        Self(
            named
                .map(|(_, value)| value.strip_prefix("data.").unwrap_or(value).to_owned())
                .collect(),
        )
    }

    /// The first that an object of this kind does not have.
    #[must_use]
    pub fn unknown(&self, object: &str) -> Option<&str> {
        let known: &[&str] = if object == "refund" {
            &["charge", "payment_intent"]
        } else {
            &["latest_charge", "payment_method", "customer"]
        };
        self.0.iter().map(String::as_str).find(|name| !known.contains(name))
    }

    /// `shown`, an object of `record`'s, with all of it whole.
    #[must_use]
    pub fn apply(&self, mut shown: Value, record: &Record) -> Value {
        for name in &self.0 {
            let whole = match name.as_str() {
                "latest_charge" | "charge" => charge(record),
                "payment_intent" => Some(payment_intent(record)),
                "payment_method" => record.intent.payment_method.as_deref().map(payment_method),
                _ => None,
            };
            if let (Some(whole), Some(member @ Value::String(_))) = (whole, shown.get_mut(name)) {
                *member = whole;
            }
        }
        shown
    }
}

/// Whether this is a parameter that says what to expand.
#[must_use]
pub fn is_expand(name: &str) -> bool {
    name.strip_prefix("expand[")
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A payment method, as far as it is known: a card. Each token is another one, of the United States
/// unless it names a country, as Stripe's `pm_card_de` does.
#[must_use]
pub fn payment_method(token: &str) -> Value {
    json!({
        "id": token, "object": "payment_method", "type": "card", "livemode": false,
        "card": {"country": country(token), "fingerprint": fingerprint(token)},
    })
}

fn country(token: &str) -> String {
    let named = token.strip_prefix("pm_card_").filter(|rest| rest.len() == 2);
    named.unwrap_or("us").to_ascii_uppercase()
}

fn fingerprint(token: &str) -> String {
    terms::fingerprint(&[token]).chars().take(16).collect()
}
