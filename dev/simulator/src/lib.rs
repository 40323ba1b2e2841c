//! The outside world of a development shop: an application of its own, on a port of its own
//! (`spin.toml` beside this crate). Never part of production.
//!
//! It speaks the part of Stripe's API the shop uses ([`api`]) at `/v1/…`, as Stripe does, so that
//! any client of Stripe's can be pointed at it, keeps its own books of what money did ([`ledger`]),
//! can be told to misbehave in some calls ([`faults`]) or altogether ([`provider`]), sends signed
//! webhooks ([`webhooks`]), publishes the keys of an identity provider ([`identity`]) and records
//! the events the shop publishes ([`sink`]). Its database is its own, so that its ledger is a truth
//! apart from the shop's: a test asks here whether the customer was charged once.

// `json!` of an object with as many members as Stripe's have.
#![recursion_limit = "256"]

pub mod api;
pub mod faults;
pub mod identity;
pub mod ledger;
pub mod objects;
pub mod provider;
pub mod sink;
pub mod webhooks;

use edge::Route;

// Only in a component: the native suite calls the routes directly.
#[cfg(target_family = "wasm")]
spin_shell::http_of!(routes());

/// Every path of the simulator.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::at("/v1/payment_intents").post(api::create).get(api::list),
        Route::at("/v1/payment_intents/search").get(api::search),
        Route::at("/v1/payment_intents/:intent_id").get(api::retrieve),
        Route::at("/v1/payment_intents/:intent_id/confirm").post(api::confirm),
        Route::at("/v1/payment_intents/:intent_id/capture").post(api::capture),
        Route::at("/v1/payment_intents/:intent_id/cancel").post(api::cancel),
        Route::at("/v1/refunds").post(api::refund).get(api::list_refunds),
        Route::at("/v1/refunds/:refund_id").get(api::retrieve_refund),
        Route::at("/v1/customers").post(api::customers::create),
        Route::at("/v1/customers/:customer_id")
            .get(api::customers::retrieve)
            .delete(api::customers::delete),
        Route::at("/v1/customers/:customer_id/payment_methods").get(api::customers::list_cards),
        Route::at("/v1/customers/:customer_id/payment_methods/:card_id")
            .get(api::customers::retrieve_card_of),
        Route::at("/v1/payment_methods/:card_id").get(api::customers::retrieve_card),
        Route::at("/v1/payment_methods/:card_id/attach").post(api::customers::attach),
        Route::at("/v1/payment_methods/:card_id/detach").post(api::customers::detach),
        Route::at("/authenticate").post(api::authenticate),
        Route::at("/ledger").get(ledger::list),
        Route::at("/requests").get(ledger::requests),
        Route::at("/provider").get(provider::show).put(provider::set),
        Route::at("/clock").post(provider::advance),
        Route::at("/refunds").post(provider::settle_refunds).get(provider::list_pending),
        Route::at("/faults").post(faults::add).get(faults::list).delete(faults::clear),
        Route::at("/faults/:fault_id").delete(faults::remove),
        Route::at("/identity").get(identity::show),
        Route::at("/identity/keys")
            .get(identity::keys)
            .put(identity::publish)
            .delete(identity::restore),
        Route::at("/sink").post(sink::receive).get(sink::list),
        Route::at("/sink/:receiver").post(sink::receive_at).get(sink::list_at),
    ]
}
