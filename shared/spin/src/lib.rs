//! The only crate that knows spin-sdk: the ports over Spin's host interfaces, and the two shapes of
//! component.
//!
//! [`http!`] makes a crate an HTTP component from its endpoints in the table (`shared/api`).
//! [`worker!`] makes it one that the cron trigger can run as well. Neither can fail outwards: what
//! goes wrong is a problem document before it gets here, and a guest that trapped would answer an
//! empty 500.
//!
//! The body is written and finished *before* the head is set: Spin's listener does not set
//! `TCP_NODELAY`, so a head sent first leaves the body waiting for the client's delayed
//! acknowledgement (42.7 ms against 0.42 ms).

mod http;
mod ports_impl;
mod postgres_error;
mod redis;
mod serve;

#[cfg(feature = "cron")]
mod cron;

#[doc(hidden)]
pub use edge;
#[doc(hidden)]
pub use wasi;
#[doc(hidden)]
pub use wit_bindgen;

#[cfg(feature = "cron")]
#[doc(hidden)]
pub use cron::run_tick;

#[doc(hidden)]
pub use http::send;
pub use ports_impl::key_values;
pub use redis::Redis;

#[doc(hidden)]
pub use serve::serve;

/// Exports the HTTP handler: each endpoint of the component, and what answers each of its
/// operations.
///
/// ```ignore
/// spin_shell::http!(api::CART { view_cart: view, open_cart: open, clear_cart: clear });
/// ```
///
/// An operation that is left out does not compile, nor does an endpoint that the table says is this
/// crate's. Routes that check by themselves what they are sent are for a crate of which the table
/// knows nothing, which is one of development:
/// `spin_shell::http!(Route::at("/test/clock").get(show));`
#[macro_export]
macro_rules! http {
    ($(api::$endpoint:ident { $($answers:tt)* }),+ $(,)?) => {
        $crate::all_of_the_component!($(api::$endpoint),+);
        $crate::export_http!(&[$(api::$endpoint { $($answers)* }.route()),+]);
    };
    ($($route:expr),+ $(,)?) => {
        $crate::all_of_the_component!();
        $crate::export_http!(&[$($route),+]);
    };
}

/// Holds a crate to the endpoints that the table has of it.
#[doc(hidden)]
#[macro_export]
macro_rules! all_of_the_component {
    ($($endpoint:path),*) => {
        const _: () = assert!(
            $crate::edge::serves_all(api::ENDPOINTS, env!("CARGO_PKG_NAME"), &[$($endpoint),*]),
            "these are not the endpoints that shared/api declares of this component"
        );
    };
}

/// Exports the HTTP handler of a component of another application than the shop:
/// `spin_shell::http_of!(routes());`
#[macro_export]
macro_rules! http_of {
    ($routes:expr) => {
        $crate::export_http!(&$routes);
    };
}

/// The export itself.
#[doc(hidden)]
#[macro_export]
macro_rules! export_http {
    ($routes:expr) => {
        #[doc(hidden)]
        pub struct Component;

        impl $crate::wasi::exports::http::incoming_handler::Guest for Component {
            fn handle(
                request: $crate::wasi::http::types::IncomingRequest,
                out: $crate::wasi::http::types::ResponseOutparam,
            ) {
                $crate::serve($routes, request, out);
            }
        }

        // The names of component exports are no names for a native linker, and mean nothing to it.
        #[cfg(target_arch = "wasm32")]
        $crate::wasi::http::proxy::export!(Component with_types_in $crate::wasi);
    };
}

/// Exports a worker: its endpoint, and `handle-cron-event`. `spin_shell::worker!(api::OUTBOX_RELAY,
/// tick);`
///
/// `tick` is an `async fn(&Ports<'_>) -> Result<impl Serialize, Problem>`: it takes no input, does
/// a bounded amount of work, and reports what it did. For crates at `functions/<area>/<name>`: the
/// world is read from `wit/`.
///
/// The world is bound here and not in this crate, because its types would then be an import of
/// every component.
#[cfg(feature = "cron")]
#[macro_export]
macro_rules! worker {
    (api::$endpoint:ident, $tick:expr) => {
        $crate::http_of_worker!(api::$endpoint, $tick);

        #[doc(hidden)]
        mod spin_cron {
            $crate::wit_bindgen::generate!({
                path: "../../../wit/spin-cron.wit",
                world: "spin-cron",
                runtime_path: "::spin_shell::wit_bindgen::rt",
            });

            #[cfg(target_arch = "wasm32")]
            use super::Component;
            #[cfg(target_arch = "wasm32")]
            export!(Component);
        }

        impl spin_cron::Guest for Component {
            fn handle_cron_event(_: spin_cron::Metadata) -> Result<(), spin_cron::Error> {
                $crate::run_tick(api::$endpoint.worker(), $tick).map_err(spin_cron::Error::Other)
            }
        }
    };
}

/// Exports a worker's HTTP side only.
#[cfg(not(feature = "cron"))]
#[macro_export]
macro_rules! worker {
    (api::$endpoint:ident, $tick:expr) => {
        $crate::http_of_worker!(api::$endpoint, $tick);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! http_of_worker {
    (api::$endpoint:ident, $tick:expr) => {
        $crate::all_of_the_component!(api::$endpoint);
        $crate::export_http!(&[<api::$endpoint as api::Worker>::route($crate::edge::Tick::new(
            $tick
        ))]);
    };
}
