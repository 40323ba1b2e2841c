//! A shop whose PostgreSQL has gone away under it. `cargo till test` runs this last, when it has
//! stopped the server.

#![cfg(test)]

use e2e::{Call, Claims, Settings};
use serde_json::json;

fn token(scope: &str) -> String {
    Claims::with_scope(scope).signed(&Settings::get().service_token_secret)
}

#[test]
fn a_shop_without_its_database_says_so_and_when_to_ask_again() {
    let calls = [
        Call::new("POST", "/api/v1/cart").json(&json!({})),
        Call::new("GET", "/api/v1/catalog/skus").bearer(&token("catalog:read")),
        Call::new("GET", "/api/v1/orders").bearer(&token("orders:read")),
        Call::new("POST", "/internal/workers/outbox-relay").bearer(&token("workers:run")),
    ];
    for call in calls {
        // Twice: first the pool's old connections are found dead, then there are none.
        for _ in 0..2 {
            let reply = call.clone().send();
            reply.problem(503, "database_unavailable");
            assert!(reply.retry_after_s() >= 1, "{reply:?}");
            let text = String::from_utf8_lossy(&reply.body).to_lowercase();
            assert!(
                !["postgres", "127.0.0.1", "connect", "sql"].iter().any(|word| text.contains(word)),
                "{text}"
            );
        }
    }
}

#[test]
fn a_shop_without_its_database_is_alive_and_not_ready() {
    Call::new("GET", "/health/live").send().expect(200);
    Call::new("GET", "/health/ready").send().expect(503);
    Call::new("GET", "/api/v1/config").bearer(&token("config:read")).send().expect(200);
}
