//! The parties outside: a payment provider, an event sink, and the circuit breaker in front of
//! both.
//!
//! Everything here goes through the ports `Http`, `Redis`, `Kv` and `Clock`, so the same code runs
//! in a component and in a native test. This crate knows nothing about rows, sagas or orders: it
//! says what a provider answered, in types that do not let a caller mistake "declined" for
//! "unknown".
//!
//! Failures are split by one question: **did anything leave the building?** If not, the caller may
//! try again or give up freely. If it may have, the caller must look the payment up before doing
//! anything else.

pub mod breaker;
pub mod payment;
pub mod signature;
pub mod sink;
pub mod stream;
pub mod stripe;
#[cfg(test)]
mod testing;

pub use breaker::{Breaker, BreakerPolicy, BreakerState};
pub use payment::{
    Authorization, AuthorizeRequest, Capture, Card, Payment, PaymentProvider, PaymentState,
    ProviderError, Refund, SavedCard, UnknownReason, Void, Wallets,
};
pub use sink::{EventSink, OutboxEvent, SinkError, SinkSettings, post};
pub use stripe::{Stripe, StripeSettings};
