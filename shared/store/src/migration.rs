//! From whatever schema a database has to the one these functions were written for.
//!
//! The ledger `migration` says which version a database is. An empty one gets the baseline, which
//! is the newest; an older one each upgrade it has not had, in order; PostgreSQL then all functions
//! anew. All of it is one transaction: on SQLite `begin immediate`, the one that a guest ever
//! opens; on PostgreSQL one DO block, so that not even a guest that is stopped half-way leaves a
//! transaction in the pool.
//!
//! An upgrade only adds, so that functions of the release before go on working beside the new ones:
//! a new column has a default, and what is no longer used is dropped by a later release.
//! `tests/suite/migration.rs` holds that.

use crate::{StoreError, error::classify, sql};
use ports::{Dialect, Sql, SqlError};

/// For logs and errors.
const NAME: &str = "migrate";

/// A script as single statements: a guest's execute runs the first of a text and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// For SQLite.
    pub sqlite: &'static [&'static str],
    /// For PostgreSQL.
    pub postgres: &'static [&'static str],
}

/// What leads from one version to the next.
#[derive(Clone, Copy, Debug)]
pub struct Upgrade {
    /// The version it leads to.
    pub version: i64,
    /// How.
    pub script: Script,
}

/// What a run found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was there; 0 for an empty database.
    pub from: i64,
    /// The version that is there now.
    pub to: i64,
}

/// The version of the schema in a database: 0 when it has none.
///
/// # Errors
/// When the database is out of reach.
pub fn version(database: &dyn Sql) -> Result<i64, StoreError> {
    let found: Option<json::Value> =
        match crate::Store::new(database).read(&sql::SCHEMA_LEDGER, &json::json!({})) {
            Err(StoreError::SchemaOutdated { .. }) => return Ok(0),
            found => found?,
        };
    Ok(found
        .as_ref()
        .and_then(|found| found.get("version"))
        .and_then(json::Value::as_i64)
        .unwrap_or(0))
}

/// Leads a database to [`sql::SCHEMA_VERSION`]. One that is there, or beyond, is left as it is, but
/// for PostgreSQL's functions: those are always these.
///
/// # Errors
/// [`StoreError::Busy`] when the database is not to be had for writing; [`StoreError::Failed`] when
/// a statement failed. Then nothing has changed.
pub fn migrate(database: &dyn Sql) -> Result<Migrated, StoreError> {
    migrate_by(database, sql::UPGRADES)
}

/// [`migrate`] by these upgrades: what the suite tries upgrades by that no release has had.
///
/// # Errors
/// As [`migrate`].
pub fn migrate_by(database: &dyn Sql, upgrades: &[Upgrade]) -> Result<Migrated, StoreError> {
    let from = match database.dialect() {
        Dialect::Sqlite => on_sqlite(database, upgrades)?,
        Dialect::Postgres => {
            let from = version(database)?;
            run(database, &postgres_block(upgrades))?;
            from
        }
    };
    Ok(Migrated { from, to: version(database)? })
}

fn run(database: &dyn Sql, statement: &str) -> Result<(), StoreError> {
    database.run(statement).map_err(|error: SqlError| classify(NAME, &error))
}

fn on_sqlite(database: &dyn Sql, upgrades: &[Upgrade]) -> Result<i64, StoreError> {
    // Inside a transaction it is silently ignored.
    run(database, "pragma journal_mode = wal")?;
    run(database, "begin immediate")?;
    let outcome =
        steps_on_sqlite(database, upgrades).and_then(|from| run(database, "commit").map(|()| from));
    if outcome.is_err() {
        run(database, "rollback")?;
    }
    outcome
}

fn steps_on_sqlite(database: &dyn Sql, upgrades: &[Upgrade]) -> Result<i64, StoreError> {
    let from = version(database)?;
    if from == 0 {
        for statement in sql::BASELINE.sqlite {
            run(database, statement)?;
        }
        return Ok(from);
    }
    for upgrade in upgrades.iter().filter(|upgrade| upgrade.version > from) {
        for statement in upgrade.script.sqlite {
            run(database, statement)?;
        }
        let now = "cast(unixepoch('subsec') * 1000 as integer)";
        run(
            database,
            &format!(
                "insert into migration (version, applied_at_ms) values ({}, {now})",
                upgrade.version
            ),
        )?;
    }
    Ok(from)
}

fn postgres_block(upgrades: &[Upgrade]) -> String {
    let mut block = "do $migrate$ declare seen bigint; begin perform pg_advisory_xact_lock(hashtext('edgetill schema')); \
                     if to_regclass('migration') is not null then select max(version) into seen from migration; end if; \
                     if seen is null then "
        .to_owned();
    execute_each(&mut block, sql::BASELINE.postgres);
    block.push_str("select max(version) into seen from migration; end if; ");
    for upgrade in upgrades {
        block.push_str(&format!("if seen < {} then ", upgrade.version));
        execute_each(&mut block, upgrade.script.postgres);
        let now = "(extract(epoch from clock_timestamp()) * 1000)::bigint";
        block.push_str(&format!(
            "insert into migration (version, applied_at_ms) values ({}, {now}); end if; ",
            upgrade.version
        ));
    }
    // They refer to one another, so their bodies are judged when they run.
    block.push_str("perform set_config('check_function_bodies', 'off', true); ");
    execute_each(&mut block, sql::EACH_FUNCTION);
    block.push_str("end $migrate$");
    block
}

fn execute_each(block: &mut String, statements: &[&str]) {
    for statement in statements {
        block.push_str(&format!("execute $step${statement}$step$; "));
    }
}
