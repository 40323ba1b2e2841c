//! The schema, looked at and brought up to date over HTTP. What an upgrade does is the store suite's affair.

use e2e::Shop;
use serde_json::json;
use std::thread;

fn schema(shop: &Shop) -> serde_json::Value {
    shop.call("GET", "/internal/migrate").bearer(&shop.token("schema:migrate")).send().expect(200).clone()
}

#[test]
fn a_migrated_shop_stays_as_it_is_however_many_migrate_it() {
    let shop = Shop::open();
    let before = schema(&shop);
    assert_eq!(before["version"], before["needed"], "{before}");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let reply = shop.call("POST", "/internal/migrate").bearer(&shop.token("schema:migrate")).send();
                assert_eq!(reply.expect(200), json!({ "from": before["needed"], "to": before["needed"] }));
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
        shop.call(method, "/internal/migrate").bearer(&shop.token("catalog:write workers:run")).send().expect(403);
    }
}
