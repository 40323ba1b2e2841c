//! `/simulator/...`: the outside world of a development shop. Never part of production.
//!
//! It speaks the part of Stripe's API the shop uses ([`api`]), keeps its own books of what money did
//! ([`ledger`]), can be told to misbehave in some calls ([`faults`]) or altogether ([`provider`]), sends signed webhooks ([`webhooks`]), publishes the keys
//! of an identity provider ([`identity`]) and records the events the shop publishes ([`sink`]). Its database is its own, so that its ledger is a truth apart from the
//! shop's: a test asks here whether the customer was charged once.

pub mod api;
pub mod faults;
pub mod identity;
pub mod ledger;
pub mod provider;
pub mod sink;
pub mod webhooks;

use edge::Route;

// Only in a component: the native suite calls the routes directly.
#[cfg(target_family = "wasm")]
spin_shell::http_on!("simulator", routes());

/// Every path of the simulator.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::at("/simulator/v1/payment_intents").post(api::create),
        Route::at("/simulator/v1/payment_intents/search").get(api::search),
        Route::at("/simulator/v1/payment_intents/:intent_id").get(api::retrieve),
        Route::at("/simulator/v1/payment_intents/:intent_id/capture").post(api::capture),
        Route::at("/simulator/v1/payment_intents/:intent_id/cancel").post(api::cancel),
        Route::at("/simulator/v1/refunds").post(api::refund).get(api::list_refunds),
        Route::at("/simulator/v1/refunds/:refund_id").get(api::retrieve_refund),
        Route::at("/simulator/authenticate").post(api::authenticate),
        Route::at("/simulator/ledger").get(ledger::list),
        Route::at("/simulator/requests").get(ledger::requests),
        Route::at("/simulator/provider").get(provider::show).put(provider::set),
        Route::at("/simulator/clock").post(provider::advance),
        Route::at("/simulator/refunds").post(provider::settle_refunds).get(provider::list_pending),
        Route::at("/simulator/faults").post(faults::add).get(faults::list).delete(faults::clear),
        Route::at("/simulator/faults/:fault_id").delete(faults::remove),
        Route::at("/simulator/identity").get(identity::show),
        Route::at("/simulator/identity/keys").get(identity::keys).put(identity::publish).delete(identity::restore),
        Route::at("/simulator/sink").post(sink::receive).get(sink::list),
    ]
}
