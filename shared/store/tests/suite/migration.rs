//! From an empty database and from those of the releases before to this one's, with its data, by many at once, and back to
//! work beside functions that know nothing of it.

use ports::{Dialect, Sql as _};
use serde_json::{Value, json};
use store::{
    Store, StoreError,
    migration::{Migrated, migrate, version},
    sql::{self, SCHEMA_VERSION},
};

use super::{
    shopper::{Line, shopper},
    support::SharedShop,
};
use crate::database::{BASELINE, COLUMNS, DEMO, NAMED, PREVIOUS};

const ONE_CUP: &[Line] = &[("TILL-0001", "wh-hanoi", 1)];

/// A release before: its schema and a shop in it, that has sold something.
struct Previous {
    version: i64,
    shared: SharedShop,
}

/// Every release before.
fn previous() -> impl Iterator<Item = Previous> {
    PREVIOUS.into_iter().map(|(version, schema)| {
        let shared = SharedShop::empty();
        let shop = shared.open();
        shop.exec(schema);
        shop.exec(include_str!("../fixtures/shop_1.sql"));
        Previous { version, shared }
    })
}

#[test]
fn every_release_before_is_tried() {
    assert!(PREVIOUS.iter().map(|(version, _)| *version).eq(1..SCHEMA_VERSION), "copy the baseline of the release before to fixtures/");
}

#[test]
fn the_baseline_is_the_newest_version() {
    let shared = SharedShop::new();
    assert_eq!(version(&shared.open()).unwrap(), SCHEMA_VERSION);
}

#[test]
fn an_empty_database_becomes_what_the_baseline_makes() {
    let (made, given) = (SharedShop::empty(), SharedShop::new());
    let (made, given) = (made.open(), given.open());
    assert_eq!(version(&made).unwrap(), 0);
    assert_eq!(migrate(&made).unwrap(), Migrated { from: 0, to: SCHEMA_VERSION });
    assert_eq!((made.rows(COLUMNS), made.rows(NAMED)), (given.rows(COLUMNS), given.rows(NAMED)));
    made.exec(DEMO);
    shopper("a").orders(&made, ONE_CUP);
    made.stock_adds_up();
}

#[test]
fn a_release_before_is_upgraded_with_its_data_once() {
    for Previous { version: from, shared } in previous() {
        let newest = SharedShop::new();
        let (shop, newest) = (shared.open(), newest.open());
        let kept = shop.everything_but_the_ledger();
        assert_eq!(migrate(&shop).unwrap(), Migrated { from, to: SCHEMA_VERSION });
        assert_eq!(shop.everything_but_the_ledger(), kept);
        assert_eq!((shop.rows(COLUMNS), shop.rows(NAMED)), (newest.rows(COLUMNS), newest.rows(NAMED)));

        let after = shop.everything();
        assert_eq!(migrate(&shop).unwrap(), Migrated { from: SCHEMA_VERSION, to: SCHEMA_VERSION });
        assert_eq!(shop.everything(), after);

        assert_eq!(shop.list(&sql::ORDER_VIEW, &json!({"order_id": "order-old"})).len(), 1);
        shopper("new").orders(&shop, ONE_CUP);
        shop.stock_adds_up();
    }
}

#[test]
fn many_who_migrate_at_once_do_it_once() {
    for Previous { version, shared } in previous() {
        shared.at_once(|shop, _| assert_eq!(migrate(shop).unwrap().to, SCHEMA_VERSION));
        assert_eq!(shared.open().one("select count(*) from migration"), json!(SCHEMA_VERSION - version + 1));
    }
}

/// `spin up --sqlite @baseline.sql` of the new release over the old one's file, before anybody has migrated it.
#[test]
fn the_baseline_over_an_older_database_changes_no_row_and_does_not_call_it_new() {
    for Previous { version: from, shared } in previous() {
        let shop = shared.open();
        let before = shop.everything();
        shop.exec(BASELINE);
        assert_eq!(shop.everything(), before);
        assert_eq!(version(&shop).unwrap(), from);
        migrate(&shop).unwrap();
        assert_eq!(version(&shop).unwrap(), SCHEMA_VERSION);
    }
}

/// Functions of the release before run beside the new ones while they are rolled out: whatever those name is still
/// there, and a row without the new columns can still be written.
#[test]
fn an_upgrade_only_adds() {
    for Previous { shared, .. } in previous() {
        let shop = shared.open();
        let (columns, named) = (shop.rows(COLUMNS), shop.rows(NAMED));
        migrate(&shop).unwrap();
        let (columns_now, named_now) = (shop.rows(COLUMNS), shop.rows(NAMED));
        for old in columns.iter().chain(&named) {
            assert!(columns_now.contains(old) || named_now.contains(old), "{old} is gone or another");
        }
        let tables = |columns: &[String]| -> Vec<String> {
            columns.iter().filter_map(|column| Some(column.split_once('|')?.0.to_owned())).collect()
        };
        let before = tables(&columns);
        for new in columns_now.iter().filter(|column| !columns.contains(column)) {
            let table = new.split('|').next().unwrap_or_default().to_owned();
            assert!(!before.contains(&table) || new.ends_with("|optional"), "{new}: a row of the old kind cannot be written");
        }
    }
}

/// And the other way round: these functions sell on the schema of the release before. Only what is new there says that
/// the database must be migrated, and nothing else is said of it.
#[test]
fn on_the_schema_before_all_but_the_new_works() {
    let Previous { shared, .. } = previous().last().unwrap();
    let shop = shared.open();
    if shop.dialect() == Dialect::Postgres {
        shop.exec(sql::FUNCTIONS);
    }
    let (ann, bob) = (shopper("ann"), shopper("bob"));
    ann.pays(&shop, ONE_CUP);
    let version = bob.fills_a_cart(&shop, ONE_CUP);
    shopper("cat").fills_a_cart(&shop, &[]);
    shop.does(&sql::CART_MERGE, &shopper("cat").merge(&bob, version, Some(1), &[("TILL-0001", 1)]));
    shop.does(&sql::ORDER_CANCEL, &ann.cancel());
    shop.stock_adds_up();

    let outdated = |error: StoreError| assert!(matches!(error, StoreError::SchemaOutdated { .. }), "{error}");
    for command in [&sql::SHARE_CREATE, &sql::SHARE_REVOKE] {
        outdated(shop.apply(command, &json!({"owner": "cat"})).unwrap_err());
    }
    for query in [&sql::SHARE_LIST, &sql::CART_VIEW_SHARED, &sql::PRICING_FACTS_SHARED] {
        outdated(Store::new(&shop).list::<Value>(query, &json!({"owner": "cat", "region": ""})).unwrap_err());
    }
    migrate(&shop).unwrap();
    assert_eq!(shop.list(&sql::SHARE_LIST, &json!({"owner": "cat"})), [json!({"shares": []})]);
}
