//! A shop as its clients see it: HTTP and nothing else, so that the same suite runs against till
//! and against a real Spin.
//!
//! ```text
//! let shop = Shop::open();                     // shared with other tests; Shop::alone() for those that move the clock
//! let sku = shop.sku().stock(10).create();     // every test sells goods of its own
//! let guest = shop.guest();
//! guest.add(&sku, 2).expect(200);
//! let order = guest.check_out().confirm().expect(201);
//! ```
//!
//! What a story needs is a panic away from failing: helpers here panic with the request and the
//! whole reply, since nobody but a test calls them. When a [`Shop`] is dropped by a test that
//! passed, the shop is audited.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "all of it is helpers of tests, and a helper that cannot help fails its test"
)]

mod clear_text;
mod contract;
mod customer;
mod events;
mod guest;
mod hosts;
mod http;
mod places;
mod provider;
pub mod scene;
mod settings;
mod share;
mod shop;
mod sku;
mod tokens;
mod wire;

pub use clear_text::ClearText;
pub use contract::{conforms, query_parameters, replies_that_conform};
pub use customer::{CustomerClaims, KeySet, SigningKey};
pub use events::is_declared;
pub use guest::{Basket, Guest, Session, address};
pub use hosts::{Hosts, Question};
pub use http::{Call, Reply, recorded};
pub use places::Place;
pub use provider::Payment;
pub use scene::Scene;
pub use settings::{Host, SecondHost, Settings, Sink};
pub use share::Share;
pub use shop::{Shop, needs_sink, needs_till};
pub use sku::SkuBuilder;
pub use tokens::{Claims, never_given};
pub use wire::{Answer, send_bytes};

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

/// Runs `work` on `count` threads that all start at the same moment, and returns the results in the
/// order of their numbers.
pub fn together<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Asks `question` until it has an answer; panics with `what` after half a minute. For what a
/// schedule of the host may be doing at this very moment.
pub fn eventually<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within half a minute: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A text that no other test and no earlier run has used.
#[must_use]
pub fn unique(prefix: &str) -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    format!("{prefix}{:016x}", u64::from_be_bytes(bytes))
}
