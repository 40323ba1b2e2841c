//! The schema, looked at and brought up to date over HTTP. What an upgrade does is the store
//! suite's affair.

use e2e::{Call, CustomerClaims, Reply, Shop, SigningKey, unique};
use serde_json::json;
use std::thread;

fn schema(shop: &Shop) -> serde_json::Value {
    shop.call("GET", "/internal/migrate")
        .bearer(&shop.token("schema:migrate"))
        .send()
        .expect(200)
        .clone()
}

#[test]
fn a_migrated_shop_stays_as_it_is_however_many_migrate_it() {
    let shop = Shop::open();
    let before = schema(&shop);
    assert_eq!(before["version"], before["needed"], "{before}");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let reply = shop
                    .call("POST", "/internal/migrate")
                    .bearer(&shop.token("schema:migrate"))
                    .send();
                assert_eq!(
                    reply.expect(200),
                    json!({ "from": before["needed"], "to": before["needed"] })
                );
            });
        }
    });
    assert_eq!(schema(&shop), before);
}

#[test]
fn nobody_else_migrates() {
    let shop = Shop::open();
    for method in ["GET", "POST"] {
        shop.call(method, "/internal/migrate").send().expect(401);
        shop.call(method, "/internal/migrate")
            .bearer(&shop.token("catalog:write workers:run"))
            .send()
            .expect(403);
    }
}

/// A shop whose functions are of this release and whose database is of the one before: between
/// `spin up` and the migration. Brought up to date when it is dropped, whatever became of the test.
struct NotMigrated<'s>(&'s Shop);

impl<'s> NotMigrated<'s> {
    fn new(shop: &'s Shop) -> Self {
        shop.call("POST", "/test/schema").json(&json!({ "version": 0 })).send().expect(204);
        Self(shop)
    }

    fn migrate(&self) -> Reply {
        self.0.call("POST", "/internal/migrate").bearer(&self.0.token("schema:migrate")).send()
    }
}

impl Drop for NotMigrated<'_> {
    fn drop(&mut self) {
        let migrated = self.migrate();
        assert!(std::thread::panicking() || migrated.is_success(), "{migrated:?}");
    }
}

#[track_caller]
fn must_migrate(call: Call) {
    let reply = call.send();
    let problem = reply.problem(503, "schema_outdated");
    assert!(reply.retry_after_s() >= 1 && problem["correlation_id"].is_string(), "{reply:?}");
    let text = String::from_utf8_lossy(&reply.body).to_lowercase();
    assert!(
        !["cart_share", "no such", "does not exist", "sql", "42p01"]
            .iter()
            .any(|word| text.contains(word)),
        "{text}"
    );
}

#[test]
fn a_shop_that_is_not_migrated_yet_sells_and_says_what_it_cannot_do() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(10).create();
    let (buyer, owner) = (shop.guest(), shop.guest());
    let share = owner.share();
    share.look().expect(200);

    let not_migrated = NotMigrated::new(&shop);
    assert_eq!(schema(&shop), json!({ "version": 0, "needed": 1 }));
    shop.call("GET", "/health/ready").send().expect(503);
    for path in ["/api/v1/cart", "/api/v1/cart/totals", "/api/v1/cart/shipping-methods"] {
        must_migrate(share.call("GET", path));
    }
    must_migrate(owner.sharing(&json!({})));
    must_migrate(owner.call("GET", "/api/v1/cart/shares"));
    must_migrate(owner.revoking(&share.share_id));

    // Everything else is as ever.
    let order = buyer.buy(&sku, 2);
    buyer.order(order["order_id"].as_str().unwrap()).expect(200);
    buyer.cancelling(order["order_id"].as_str().unwrap()).send().expect(200);
    owner.add(&sku, 1).expect(200);
    owner.totals("country=VN").expect(200);
    let token = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Ec1);
    let login = shop
        .call("POST", "/api/v1/session")
        .bearer(&token)
        .json(&json!({ "guest_token": owner.token }))
        .send()
        .expect(200);
    assert_eq!(login["cart"]["lines"][0]["sku"], sku.as_str());
    shop.run_workers_until_quiet();
    shop.run("outbox-relay");

    assert_eq!(not_migrated.migrate().expect(200), json!({ "from": 0, "to": 1 }));
    assert_eq!(schema(&shop), json!({ "version": 1, "needed": 1 }));
    shop.call("GET", "/health/ready").send().expect(200);
    let guest = shop.guest();
    guest.share().look().expect(200);
    share.look().problem(404, "cart_not_found");
}
