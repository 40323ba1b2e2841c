//! From an empty database to this release's, and from there by upgrades to what comes after it:
//! with its data, by many at once. No release is out, so the upgrade is one made for this suite;
//! with the first release, its baseline becomes a fixture here.

use serde_json::json;
use store::{
    migration::{Migrated, Script, Upgrade, migrate, migrate_by, version},
    sql::{self, SCHEMA_VERSION},
};

use super::{
    shopper::{Line, shopper},
    support::SharedShop,
};
use crate::database::{BASELINE, COLUMNS, DEMO, NAMED};

const ONE_CUP: &[Line] = &[("TILL-0001", "wh-hanoi", 1)];

const NEXT: i64 = SCHEMA_VERSION + 1;

/// What a next release might bring.
const UPGRADES: &[Upgrade] = &[Upgrade {
    version: NEXT,
    script: Script {
        sqlite: &[
            "create table gift (gift_id text primary key, note text)",
            "alter table orders add column gift_id text",
        ],
        postgres: &[
            "create table gift (gift_id text primary key, note text)",
            "alter table orders add column gift_id text",
        ],
    },
}];

#[test]
fn the_baseline_is_the_newest_version() {
    let shared = SharedShop::new();
    assert_eq!(version(&shared.open()).unwrap(), SCHEMA_VERSION);
    assert_eq!(sql::UPGRADES.last().map_or(1, |upgrade| upgrade.version), SCHEMA_VERSION);
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
fn an_upgrade_keeps_every_row_and_happens_once() {
    let shared = SharedShop::new();
    let shop = shared.open();
    shopper("old").orders(&shop, ONE_CUP);
    let orders = "select order_id, order_number, total_minor from orders";
    let kept = shop.rows(orders);
    assert_eq!(migrate_by(&shop, UPGRADES).unwrap(), Migrated { from: SCHEMA_VERSION, to: NEXT });
    assert_eq!(shop.rows(orders), kept);
    assert_eq!(shop.one("select count(*) from orders where gift_id is null"), json!(1));

    let after = shop.everything();
    assert_eq!(migrate_by(&shop, UPGRADES).unwrap(), Migrated { from: NEXT, to: NEXT });
    assert_eq!(shop.everything(), after);
    // The functions of this release go on selling beside the newer ones, and do not take the
    // database back.
    assert_eq!(migrate(&shop).unwrap(), Migrated { from: NEXT, to: NEXT });
    shopper("new").orders(&shop, ONE_CUP);
    shop.stock_adds_up();
}

#[test]
fn many_who_migrate_at_once_do_it_once() {
    let shared = SharedShop::new();
    shared.at_once(|shop, _| assert_eq!(migrate_by(shop, UPGRADES).unwrap().to, NEXT));
    assert_eq!(shared.open().one("select count(*) from migration"), json!(2));
}

/// `spin up --sqlite @baseline.sql` over a database that a newer release has upgraded, or an older
/// one has made.
#[test]
fn the_baseline_over_another_version_changes_no_row_and_keeps_its_version() {
    let shared = SharedShop::new();
    let shop = shared.open();
    shopper("old").orders(&shop, ONE_CUP);
    migrate_by(&shop, UPGRADES).unwrap();
    let before = shop.everything();
    shop.exec(BASELINE);
    assert_eq!(shop.everything(), before);
    assert_eq!(version(&shop).unwrap(), NEXT);
}

#[test]
fn an_upgrade_that_fails_half_way_leaves_nothing() {
    let shared = SharedShop::new();
    let shop = shared.open();
    let broken = [Upgrade {
        version: NEXT,
        script: Script {
            sqlite: &[
                "create table gift (gift_id text primary key, note text)",
                "alter table nowhere add column gift_id text",
            ],
            postgres: &[
                "create table gift (gift_id text primary key, note text)",
                "alter table nowhere add column gift_id text",
            ],
        },
    }];
    let before = (shop.rows(COLUMNS), shop.everything());
    migrate_by(&shop, &broken).unwrap_err();
    assert_eq!((shop.rows(COLUMNS), shop.everything()), before);
}
