//! The provider as this request may use it: client, breaker, and the keys every call of a saga is
//! made under.

use crate::{payer::Payer, shop::Shop};
use config::{PAYMENT_API_KEY, PAYMENT_BASE_URL, PAYMENT_TIMEOUT_MS};
use domain::{
    ids::{OrderId, PaymentId, SagaId},
    money::{Currency, Money},
    payment::OfflineMethod,
};
use providers::{AuthorizeRequest, Breaker, Stripe, StripeSettings};
use serde::Deserialize;
use terms::Problem;

/// The name under which payments and the breaker know the one provider there is.
pub(crate) const PROVIDER: &str = "stripe";

/// What stands in their place where nobody outside is asked; and for the method, where nothing is to
/// be paid.
pub(crate) const NO_PROVIDER: &str = "none";

/// The method of a payment whose buyer says to the provider's own element how they pay (PAY-7): a
/// card, a wallet, what the shop has enabled there. The shop sees a client secret alone.
pub(crate) const ONLINE: &str = "online";

/// A payment's row.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaymentRow {
    pub(crate) payment_id: PaymentId,
    pub(crate) provider: String,
    pub(crate) reference: Option<String>,
    pub(crate) method: String,
    pub(crate) currency: Currency,
    pub(crate) amount_minor: i64,
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
}

/// The client, with the breaker that all requests share through the key-value store (PAY-2).
pub(crate) fn provider<'a>(shop: &Shop<'a>) -> Result<Stripe<'a>, Problem> {
    let settings = StripeSettings {
        base_url: shop.setting(&PAYMENT_BASE_URL)?,
        secret_key: shop.setting(&PAYMENT_API_KEY)?,
        timeout_ms: shop.setting(&PAYMENT_TIMEOUT_MS)?,
    };
    let breaker = Breaker::configured("payment", shop.ports, settings.timeout_ms)?;
    Ok(Stripe::new(settings, shop.ports.http, breaker))
}

impl PaymentRow {
    /// How it is made, where no provider is asked.
    pub(crate) fn offline(&self) -> Option<OfflineMethod> {
        self.method.parse().ok()
    }

    /// What the provider is asked for.
    pub(crate) fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// The authorization, made anew from rows alone: a look-up sends the same bytes under the same
    /// key.
    pub(crate) fn authorization(
        &self,
        saga_id: &SagaId,
        order_id: &OrderId,
        return_url: Option<&str>,
        payer: Option<&Payer>,
    ) -> AuthorizeRequest {
        AuthorizeRequest {
            idempotency_key: format!("{}/authorize", self.payment_id),
            amount_minor: self.amount_minor,
            currency: self.currency.to_string(),
            payment_method: Some(&self.method).filter(|method| *method != ONLINE).cloned(),
            saga_id: saga_id.to_string(),
            order_reference: order_id.to_string(),
            return_url: return_url.map(str::to_owned),
            customer: payer.map(|payer| payer.customer.clone()),
            saves_method: payer.is_some_and(|payer| payer.saves),
        }
    }

    /// The key of one try at the capture, by how many have failed. A new one each time, since
    /// Stripe keeps a 5xx under its key; that it happens once is the state of the payment at the
    /// provider.
    pub(crate) fn capture_key(&self, attempt: &str) -> String {
        format!("{}/capture/{attempt}", self.payment_id)
    }
}
