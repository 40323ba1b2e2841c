//! A lock that is not to be had.

use std::time::Duration;

use store::{StoreError, sql};

use crate::suite::{shopper::shopper, support::SharedShop};

#[test]
fn a_writer_that_cannot_wait_is_told_the_database_is_busy() {
    let shared = SharedShop::new();
    let (holder, shop) = (shared.open(), shared.open());
    shop.0.busy_timeout(Duration::ZERO).unwrap();
    holder.exec("begin immediate");
    assert_eq!(
        shop.apply(&sql::CART_CREATE, &shopper("ann").cart_create()),
        Err(StoreError::Busy { name: "cart_create" })
    );
    holder.exec("rollback");
    shop.does(&sql::CART_CREATE, &shopper("ann").cart_create());
}
