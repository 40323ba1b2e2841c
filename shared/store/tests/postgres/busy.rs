//! Locks that are not to be had, and a schema that is not there.

use serde_json::json;
use store::{Store, StoreError, sql};

use crate::suite::{
    shopper::shopper,
    support::{SharedShop, shop},
};

#[test]
fn a_writer_that_cannot_wait_is_told_the_database_is_busy() {
    let shared = SharedShop::new();
    let (holder, shop) = (shared.open(), shared.open());
    let ann = shopper("ann");
    ann.fills_a_cart(&shop, &[]);
    holder.exec("begin; select * from cart for update");
    // How long a lock is waited for, and how long a statement takes at all, is said by the
    // connection string.
    for limit in ["lock_timeout", "statement_timeout"] {
        shop.exec(&format!("reset all; set {limit} = '50ms'"));
        assert_eq!(
            shop.apply(&sql::CART_CLEAR, &ann.clear()),
            Err(StoreError::Busy { name: "cart_clear" })
        );
    }
    holder.exec("rollback");
    shop.does(&sql::CART_CLEAR, &ann.clear());
}

#[test]
fn two_in_each_others_way_are_told_the_database_is_busy() {
    let shared = SharedShop::new();
    let (other, shop) = (shared.open(), shared.open());
    let (ann, bob) = (shopper("ann"), shopper("bob"));
    ann.fills_a_cart(&shop, &[]);
    bob.fills_a_cart(&shop, &[]);
    // Only a transaction around a command can get there: a command takes its locks in one order.
    other.exec(
        "set deadlock_timeout = '1h'; begin; select 1 from cart where owner = 'ann' for update",
    );
    shop.exec(
        "set deadlock_timeout = '10ms'; begin; select 1 from cart where owner = 'bob' for update",
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            other.does(&sql::CART_CLEAR, &bob.clear());
            other.exec("rollback");
        });
        while shared.open().one("select count(*) from pg_locks where not granted") == 0 {}
        assert_eq!(
            shop.apply(&sql::CART_CLEAR, &ann.clear()),
            Err(StoreError::Busy { name: "cart_clear" })
        );
        shop.exec("rollback");
        waiting.join().unwrap();
    });
}

#[test]
fn what_the_schema_lacks_is_told_from_what_it_refuses() {
    for change in [
        "drop table clock",
        "alter table cart drop column saga_id",
        "drop function line_receipt",
        "drop function cart_add_line",
    ] {
        let (shop, ann) = (shop(), shopper("ann"));
        ann.fills_a_cart(&shop, &[]);
        shop.exec(change);
        let missing = shop.apply(&sql::CART_ADD_LINE, &ann.add("TILL-0001", 1));
        assert!(matches!(missing, Err(StoreError::SchemaOutdated { .. })), "{change}: {missing:?}");
    }
    let shop = shop();
    shop.exec("drop function cart_json");
    let missing =
        Store::new(&shop).list::<serde_json::Value>(&sql::CART_VIEW, &json!({"owner": "ann"}));
    assert!(matches!(missing, Err(StoreError::SchemaOutdated { .. })), "{missing:?}");
}
