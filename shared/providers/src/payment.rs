//! What a payment provider can do, and everything it can answer.
//!
//! A decline is an answer, not an error: the `Ok` side carries every outcome the business reacts
//! to, the `Err` side only failures, sorted by whether the provider may have moved money.

use std::future::Future;

/// A payment provider as the saga sees it: four effects, and the questions that go before repeating
/// one.
///
/// Every effect carries an idempotency key chosen by the caller and written to a row before the
/// call, so that whoever finds the row after a crash repeats the same request instead of making a
/// second one.
pub trait PaymentProvider {
    /// Holds the amount on the customer's payment method.
    fn authorize(
        &self,
        request: &AuthorizeRequest,
    ) -> impl Future<Output = Result<Authorization, ProviderError>>;

    /// What became of `request`, asked by its idempotency key.
    ///
    /// If the first request never arrived, it happens now. So whoever wants to go back rather than
    /// forward looks up first and then voids what was found.
    fn look_up(
        &self,
        request: &AuthorizeRequest,
    ) -> impl Future<Output = Result<Authorization, ProviderError>>;

    /// The payment made for `request`, if the provider knows of one; nothing is made. Asked by our
    /// own reference, so it answers too when the provider has forgotten the idempotency key (a day
    /// later, at Stripe).
    ///
    /// Such a search may lag behind by a minute: `None` proves nothing about a request made just
    /// now.
    fn find(
        &self,
        request: &AuthorizeRequest,
    ) -> impl Future<Output = Result<Option<Payment>, ProviderError>>;

    /// The payment's present state.
    fn retrieve(&self, reference: &str) -> impl Future<Output = Result<Payment, ProviderError>>;

    /// The card that a payment is made with; `None` if it is made with none.
    fn card(&self, reference: &str) -> impl Future<Output = Result<Option<Card>, ProviderError>>;

    /// Takes the held amount. A payment that was captured already answers as captured.
    fn capture(
        &self,
        reference: &str,
        amount_minor: i64,
        currency: &str,
        idempotency_key: &str,
    ) -> impl Future<Output = Result<Capture, ProviderError>>;

    /// Releases the hold. A payment that was voided already answers as voided.
    fn void(
        &self,
        reference: &str,
        idempotency_key: &str,
    ) -> impl Future<Output = Result<Void, ProviderError>>;

    /// Gives captured money back, in part or whole. `our_reference` is kept with the refund:
    /// [`Self::find_refund`] finds it by that.
    fn refund(
        &self,
        reference: &str,
        amount_minor: i64,
        currency: &str,
        our_reference: &str,
        idempotency_key: &str,
    ) -> impl Future<Output = Result<Refund, ProviderError>>;

    /// What became of a refund that was accepted.
    fn refund_state(
        &self,
        refund_reference: &str,
    ) -> impl Future<Output = Result<Refund, ProviderError>>;

    /// The refund of a payment that was asked for under `our_reference`, if the provider knows of
    /// one; nothing is made. Of several, the one that gives money back goes before one that failed.
    fn find_refund(
        &self,
        reference: &str,
        our_reference: &str,
    ) -> impl Future<Output = Result<Option<Refund>, ProviderError>>;
}

/// What a provider keeps of buyers who come back: a customer each, without a name, and the methods
/// that they have saved (CHK-12).
pub trait Wallets {
    /// Makes a customer, of whom the provider is told this key alone; under the same key it is the
    /// same one. Its name there.
    fn make_customer(
        &self,
        idempotency_key: &str,
    ) -> impl Future<Output = Result<String, ProviderError>>;

    /// Deletes a customer, and with it all that is saved. One that is not there is deleted.
    fn delete_customer(&self, customer: &str) -> impl Future<Output = Result<(), ProviderError>>;

    /// The cards that a customer has saved, the newest first, at most a hundred; none of a customer
    /// who is not there.
    fn saved_cards(
        &self,
        customer: &str,
    ) -> impl Future<Output = Result<Option<Vec<SavedCard>>, ProviderError>>;

    /// Whether a method is saved, and this customer's.
    fn has_saved(
        &self,
        customer: &str,
        payment_method: &str,
    ) -> impl Future<Output = Result<bool, ProviderError>>;

    /// Takes a method from whose it is. Nobody can pay with it any more.
    fn detach(
        &self,
        payment_method: &str,
        idempotency_key: &str,
    ) -> impl Future<Output = Result<(), ProviderError>>;
}

/// A card that was saved, as far as its owner needs it to know which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCard {
    /// The provider's token for it.
    pub payment_method: String,
    /// `visa`, `mastercard` …
    pub brand: String,
    /// The last digits of its number, at most four.
    pub last4: String,
    /// The month in which it ends, from 1.
    pub expiry_month: i64,
    /// And the year.
    pub expiry_year: i64,
    /// When it was saved.
    pub created_at_ms: i64,
}

/// An authorization to be made. Every field must be derivable again from rows: a look-up sends the
/// same bytes, and a provider refuses a known key with other parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// The key under which the provider does this at most once.
    pub idempotency_key: String,
    /// Amount in the currency's minor unit.
    pub amount_minor: i64,
    /// ISO 4217 code, any case.
    pub currency: String,
    /// The provider's token for card or wallet; never card data (PAY-5). Without one the payment is
    /// made for the buyer to choose how: the provider's own element asks them, by its client secret
    /// (PAY-7).
    pub payment_method: Option<String>,
    /// The saga this payment belongs to, kept with the payment as metadata.
    pub saga_id: String,
    /// Order id or number, kept with the payment as metadata: what support searches for.
    pub order_reference: String,
    /// Where the customer returns to after authenticating elsewhere; an element knows it itself.
    pub return_url: Option<String>,
    /// The provider's name for the buyer: a method that is saved must be theirs.
    pub customer: Option<String>,
    /// Whether the method is saved for them, once it has paid.
    pub saves_method: bool,
}

/// A card, as far as a shop may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// By what the provider knows the same number again, whoever brings it.
    pub fingerprint: String,
    /// Two letters, of the country of the bank that gave it out.
    pub country: Option<String>,
}

/// How an authorization ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// The amount is held.
    Authorized {
        /// The provider's id of the payment.
        reference: String,
    },
    /// The customer must act first: authenticate, or say how they pay; nothing is held yet.
    ActionRequired {
        /// The provider's id of the payment.
        reference: String,
        /// What the storefront hands to the provider's browser library.
        client_secret: Option<String>,
        /// Where to send the customer, if the provider wants a redirect.
        next_action_url: Option<String>,
    },
    /// The payment method was refused; nothing is held.
    Declined {
        /// The provider's id of the payment, if it made one.
        reference: Option<String>,
        /// Why, as the provider's stable code.
        decline_code: String,
        /// Why, for a human.
        message: String,
    },
}

/// How a capture ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The money was taken, now or earlier.
    Captured {
        /// The provider's id of the payment.
        reference: String,
        /// What was taken.
        amount_minor: i64,
    },
    /// There is no hold any more (voided, expired), or the issuer refuses: trying again cannot
    /// help.
    NotCapturable {
        /// The provider's id of the payment.
        reference: String,
        /// The provider's stable code.
        code: String,
        /// Why, for a human.
        message: String,
    },
}

/// How a void ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Void {
    /// The hold is released, now or earlier.
    Voided {
        /// The provider's id of the payment.
        reference: String,
    },
    /// Too late: the money was captured and must be refunded instead.
    Captured {
        /// The provider's id of the payment.
        reference: String,
    },
}

/// How a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refund {
    /// The money was given back.
    Succeeded {
        /// The provider's id of the refund.
        refund_reference: String,
        /// What was given back.
        amount_minor: i64,
    },
    /// Accepted, not finished: it will succeed or fail.
    Pending {
        /// The provider's id of the refund.
        refund_reference: String,
        /// What is to be given back.
        amount_minor: i64,
    },
    /// Accepted, and then it could not be done: the money is with the shop again.
    Failed {
        /// The provider's id of the refund.
        refund_reference: String,
        /// What was to be given back.
        amount_minor: i64,
        /// The provider's stable code.
        code: String,
    },
    /// Everything was given back before.
    AlreadyRefunded {
        /// The provider's id of the payment.
        reference: String,
    },
    /// The provider will not do it; trying again cannot help.
    Refused {
        /// The provider's id of the payment.
        reference: String,
        /// The provider's stable code.
        code: String,
        /// Why, for a human.
        message: String,
    },
}

/// A payment as the provider holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The provider's id of the payment.
    pub reference: String,
    /// Where it stands.
    pub state: PaymentState,
    /// The amount asked for.
    pub amount_minor: i64,
    /// The amount taken.
    pub amount_captured_minor: i64,
    /// ISO 4217 code in upper case.
    pub currency: String,
    /// What the storefront hands to the provider's browser library.
    pub client_secret: Option<String>,
    /// Where to send the customer, while the provider wants a redirect.
    pub next_action_url: Option<String>,
}

/// The states of a payment at the provider, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Waits for the customer.
    RequiresAction,
    /// Held.
    Authorized,
    /// Taken.
    Captured,
    /// Released.
    Voided,
    /// Refused by the issuer.
    Failed,
    /// The provider has not decided yet.
    Processing,
}

/// The code of what names something that is not there.
const MISSING: &str = "resource_missing";

/// A call that brought no answer the business could act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Nothing happened at the provider: no connection, or it said so (rate limit). Try again or
    /// give up freely.
    #[error("nothing was sent to the payment provider: {detail}")]
    NotSent {
        /// For the log.
        detail: String,
        /// When the provider wants to be asked again.
        retry_after_ms: Option<u64>,
    },
    /// It may have been processed. Look up before doing anything else.
    #[error("outcome unknown at the payment provider ({reason:?}): {detail}")]
    Unknown {
        /// Why it is unknown.
        reason: UnknownReason,
        /// For the log.
        detail: String,
    },
    /// The provider refuses our key and did nothing: a matter of configuration, which says nothing
    /// about the payment.
    #[error("payment provider refuses our key with {status} {code}: {message}")]
    Unauthorized {
        /// HTTP status, 401 or 403.
        status: u16,
        /// The provider's stable code.
        code: String,
        /// The provider's words, for the log.
        message: String,
    },
    /// The provider refused the request itself and did nothing: our bug, or a token it does not
    /// know.
    #[error("payment provider rejected the request with {status} {code}: {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The provider's stable code.
        code: String,
        /// The parameter it is about; empty where it names none.
        parameter: String,
        /// The provider's words, for the log.
        message: String,
    },
    /// A payment exists, but it is not the one asked for. Take it back; never go forward.
    #[error("payment {reference} is not what was asked for: {detail}")]
    Mismatch {
        /// The provider's id of the payment.
        reference: String,
        /// What differs, for the log.
        detail: String,
    },
    /// The provider failed too often of late; nothing was sent.
    #[error("payment provider is cooling down for {retry_after_ms} ms")]
    CircuitOpen {
        /// When the next call may go through.
        retry_after_ms: u64,
    },
}

/// Why nobody knows what the provider did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// No answer within the limit.
    Timeout,
    /// The connection broke before a whole answer.
    Lost,
    /// The provider answered 5xx.
    ServerError(u16),
    /// A request with the same key is still running there.
    InProgress,
    /// The key is known there with other parameters: something else was done under it.
    KeyConflict,
    /// The answer could not be understood, or says the provider has not decided.
    Unreadable,
}

impl ProviderError {
    /// Whether the provider does not know the customer that was named: it was deleted there.
    #[must_use]
    pub fn is_of_no_customer(&self) -> bool {
        matches!(self, Self::Rejected { code, parameter, .. } if code == MISSING && parameter == "customer")
    }

    /// Whether the provider does not take the payment method: it knows none of this name, or it is
    /// another customer's, or nobody's any more.
    #[must_use]
    pub fn is_of_the_method(&self) -> bool {
        matches!(self, Self::Rejected { code, parameter, .. }
            if parameter == "payment_method" || code == MISSING && parameter != "customer")
    }

    /// Whether money may have moved, or a hold may exist.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Unknown { .. } | Self::Mismatch { .. } => true,
            Self::NotSent { .. }
            | Self::Unauthorized { .. }
            | Self::Rejected { .. }
            | Self::CircuitOpen { .. } => false,
        }
    }

    /// How long the provider, or its circuit breaker, wants to be left alone.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::NotSent { retry_after_ms, .. } => *retry_after_ms,
            Self::CircuitOpen { retry_after_ms } => Some(*retry_after_ms),
            Self::Unknown { .. }
            | Self::Unauthorized { .. }
            | Self::Rejected { .. }
            | Self::Mismatch { .. } => None,
        }
    }

    /// Whether the limit ran out: 504 to the customer rather than 503.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Unknown { reason: UnknownReason::Timeout, .. })
    }
}
