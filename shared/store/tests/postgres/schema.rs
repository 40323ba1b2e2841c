//! What the schema promises of itself: it can be run again, by several at once, and every statement
//! fits it.

use ports::{Dialect, Sql as _};
use store::{POSTGRES_SCHEMA, sql};

use crate::{
    database::DEMO,
    suite::support::{SharedShop, shop},
};

#[test]
fn schema_and_demo_change_nothing_when_run_again() {
    let shop = shop();
    let before = shop.everything();
    for script in POSTGRES_SCHEMA.into_iter().chain([DEMO]) {
        shop.run(script).unwrap();
    }
    assert_eq!(shop.everything(), before);
    shop.stock_adds_up();
}

#[test]
fn an_empty_database_is_set_up_once_by_many_at_once() {
    let shared = SharedShop::new();
    let demo = shared.open();
    let expected = demo.one("select count(*) from stock_movement");
    demo.exec("drop schema public cascade; create schema public");
    shared.at_once(|shop, _| {
        for script in POSTGRES_SCHEMA.into_iter().chain([DEMO]) {
            shop.run(script).unwrap();
        }
    });
    assert_eq!(demo.one("select count(*) from stock_movement"), expected);
    demo.stock_adds_up();
}

#[test]
fn every_command_and_statement_prepares() {
    let shop = shop();
    let texts =
        sql::COMMANDS.iter().map(|command| (command.name, command.texts(Dialect::Postgres)));
    let texts = texts.chain(
        sql::STATEMENTS
            .iter()
            .map(|statement| (statement.name, statement.texts(Dialect::Postgres))),
    );
    for (name, texts) in texts {
        for text in texts {
            shop.try_exec(&format!("prepare {name}_is_fine as {text}"))
                .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        }
    }
}

#[test]
fn what_travels_is_small() {
    let commands = sql::COMMANDS.iter().flat_map(|command| command.texts(Dialect::Postgres));
    let longest = commands
        .chain(sql::STATEMENTS.iter().flat_map(|statement| statement.texts(Dialect::Postgres)))
        .max_by_key(|text| text.len())
        .unwrap();
    assert!(longest.len() <= 2_000, "{} bytes: {longest}", longest.len());
}
