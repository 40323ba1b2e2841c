//! `/api/v1/payment-methods`: the cards that a customer has saved at the payment provider (CHK-12).
//!
//! The provider keeps them; the shop asks it each time, and keeps none of what it shows. Whoever has
//! saved nothing is nobody there, and it is not asked.

use crate::{
    payer::{forget, told},
    payment::provider,
    shop::Shop,
};
use callers::Customer;
use domain::ids::PaymentMethodId;
use json::json;
use ports::Ports;
use providers::{ProviderError, SavedCard, Wallets as _};
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Code, Done, Problem};

/// The cards that a customer has saved.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaymentMethods {
    /// The newest first, at most 100.
    payment_methods: Vec<PaymentMethodShown>,
}

/// A card that was saved, as its owner knows it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaymentMethodShown {
    /// To pay with it: a checkout's `payment_method`.
    payment_method_id: PaymentMethodId,
    /// `visa`, `mastercard` …, as the provider names it.
    brand: String,
    /// The last digits of its number.
    last4: String,
    /// The month in which it ends, 1 to 12.
    expiry_month: i64,
    /// And the year.
    expiry_year: i64,
    /// When it was saved.
    created_at_ms: i64,
}

/// A card that is saved no more.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaymentMethodRemoved {
    /// The card: nobody can pay with it any more.
    payment_method_id: PaymentMethodId,
}

/// What the provider calls somebody.
#[derive(Deserialize)]
struct Known {
    reference: String,
}

/// Who the caller is at the provider, if they have saved a card.
fn known(shop: &Shop<'_>, owner: &str) -> Result<Option<String>, Problem> {
    let Some(customer_id) = Customer::id_in(owner) else { return Ok(None) };
    let known: Option<Known> =
        shop.read(&sql::PAYER_VIEW, &json!({ "customer_id": customer_id }))?;
    Ok(known.map(|known| known.reference))
}

/// The caller's saved cards.
///
/// # Errors
/// `provider_unavailable`, `provider_timeout`.
pub async fn list(ports: &Ports<'_>, owner: &str) -> Result<Done<PaymentMethods>, Problem> {
    let shop = Shop::new(ports);
    let cards = match known(&shop, owner)? {
        None => Vec::new(),
        Some(customer) => {
            let cards = provider(&shop)?.saved_cards(&customer).await;
            match cards.map_err(|error| told(&shop, &error))? {
                Some(cards) => cards,
                // Deleted there, and with it all that was saved.
                None => {
                    forget(&shop, owner, Some(&customer))?;
                    Vec::new()
                }
            }
        }
    };
    let payment_methods = cards.into_iter().filter_map(shown).collect();
    Ok(Done::new(PaymentMethods { payment_methods }))
}

/// A card as it is shown; none that a checkout would not take.
fn shown(card: SavedCard) -> Option<PaymentMethodShown> {
    let SavedCard { payment_method, brand, last4, expiry_month, expiry_year, created_at_ms } = card;
    let payment_method_id = PaymentMethodId::try_from(payment_method).ok()?;
    Some(PaymentMethodShown {
        payment_method_id,
        brand,
        last4,
        expiry_month,
        expiry_year,
        created_at_ms,
    })
}

/// Removes a saved card of the caller's.
///
/// # Errors
/// `payment_method_not_found` for one that is not theirs; `provider_unavailable`,
/// `provider_timeout`.
pub async fn remove(
    ports: &Ports<'_>,
    owner: &str,
    payment_method_id: &PaymentMethodId,
) -> Result<Done<PaymentMethodRemoved>, Problem> {
    let shop = Shop::new(ports);
    let not_found = || Problem::new(Code::PaymentMethodNotFound);
    let customer = known(&shop, owner)?.ok_or_else(not_found)?;
    let provider = provider(&shop)?;
    let (told, method) = (|error| told(&shop, &error), payment_method_id.as_str());
    if !provider.has_saved(&customer, method).await.map_err(told)? {
        return Err(not_found());
    }
    match provider.detach(method, &shop.id()).await {
        Ok(()) => {}
        // Another tab was faster.
        Err(ProviderError::Rejected { .. })
            if !provider.has_saved(&customer, method).await.map_err(told)? => {}
        Err(error) => return Err(told(error)),
    }
    Ok(Done::new(PaymentMethodRemoved { payment_method_id: payment_method_id.clone() }))
}
