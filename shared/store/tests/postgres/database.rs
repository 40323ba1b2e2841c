//! PostgreSQL behind the port: a database for each test, copied from one template with the demo
//! shop.

use std::{
    cell::RefCell,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use cluster::Cluster;
use ports::{Dialect, Sql, SqlError};
use postgres::{Client, NoTls, SimpleQueryMessage, types::Type};

/// The baseline that ships, without its functions.
pub const BASELINE: &str = store::POSTGRES_SCHEMA[0];
/// Every column: table, name, type, and whether a row needs it said.
pub const COLUMNS: &str = "select table_name, column_name, data_type,
    case when is_nullable = 'NO' and column_default is null then 'required' else 'optional' end
    from information_schema.columns where table_schema = 'public' order by 1, 2";
/// Every index and constraint, by name.
pub const NAMED: &str = "select indexname::text, indexdef from pg_indexes where schemaname = 'public'
    union all select conname::text, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2";
/// The demo shop.
pub const DEMO: &str = include_str!("../../migrations/postgres/demo.sql");
/// The names of all tables.
pub const TABLES: &str = "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1";
/// The clock without its offset.
pub const CLOCK_MS: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";
/// What every test's database is a copy of.
const TEMPLATE: &str = "demo_shop";

/// A client behind the port, as Spin's host puts it: every statement prepared anew, its one
/// parameter a text, never no row.
pub struct Database {
    client: RefCell<Client>,
    /// Dropped with the connection, by the test that has the database to itself.
    _own: Option<SharedShop>,
}

impl Sql for Database {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(&self, sql: &str, doc: &str) -> Result<Vec<String>, SqlError> {
        let rows = self.client.borrow_mut().query(sql, &[&doc]).map_err(|error| said(&error))?;
        assert!(!rows.is_empty(), "Spin 4.0 never returns from a query without rows: {sql}");
        rows.iter()
            .filter_map(|row| row.try_get(0).map_err(|error| said(&error)).transpose())
            .collect()
    }

    fn run(&self, sql: &str) -> Result<(), SqlError> {
        self.client.borrow_mut().batch_execute(sql).map_err(|error| said(&error))
    }
}

fn said(error: &postgres::Error) -> SqlError {
    match error.as_db_error() {
        Some(error) => SqlError {
            code: error.code().code().to_owned(),
            constraint: error.constraint().map(str::to_owned),
            text: error.message().to_owned(),
        },
        None => SqlError { code: String::new(), constraint: None, text: format!("{error:?}") },
    }
}

/// The one cluster of this process, its template ready.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        // Without a server nothing of this binary can run, and the cluster has said so.
        let Some(cluster) = Cluster::start().unwrap() else { std::process::exit(0) };
        connect(&cluster, "postgres")
            .batch_execute(&format!("create database {TEMPLATE}"))
            .unwrap();
        let mut template = connect(&cluster, TEMPLATE);
        for script in store::POSTGRES_SCHEMA.into_iter().chain([DEMO]) {
            template.batch_execute(script).unwrap();
        }
        drop(template);
        cluster
    })
}

fn connect(cluster: &Cluster, database: &str) -> Client {
    Client::connect(&cluster.url(database), NoTls).unwrap()
}

/// A connection to create and drop databases by.
fn admin() -> Client {
    connect(cluster(), "postgres")
}

/// The demo shop in a database of its own.
pub fn shop() -> Database {
    let own = SharedShop::new();
    Database { client: own.open().client, _own: Some(own) }
}

impl Database {
    pub fn try_exec(&self, sql: &str) -> Result<(), SqlError> {
        self.run(sql)
    }

    /// The rows of any query, as texts; a boolean is 0 or 1, as on SQLite.
    pub fn cells(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let mut client = self.client.borrow_mut();
        let booleans: Vec<bool> = client
            .prepare(sql)
            .unwrap()
            .columns()
            .iter()
            .map(|column| *column.type_() == Type::BOOL)
            .collect();
        let cell = |text: &str, boolean: bool| {
            if boolean { u8::from(text == "t").to_string() } else { text.to_owned() }
        };
        let mut rows = Vec::new();
        for message in client.simple_query(sql).unwrap() {
            if let SimpleQueryMessage::Row(row) = message {
                rows.push(
                    booleans
                        .iter()
                        .enumerate()
                        .map(|(at, boolean)| row.get(at).map(|text| cell(text, *boolean)))
                        .collect(),
                );
            }
        }
        rows
    }
}

/// The demo shop in a database for several connections; dropped with the value.
pub struct SharedShop(String);

impl SharedShop {
    pub fn new() -> Self {
        Self::from(TEMPLATE)
    }

    /// Without any schema.
    pub fn empty() -> Self {
        Self::from("template0")
    }

    fn from(template: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("shop_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        admin().batch_execute(&format!("create database {name} template {template}")).unwrap();
        Self(name)
    }

    /// A connection of one's own.
    pub fn open(&self) -> Database {
        Database { client: RefCell::new(connect(cluster(), &self.0)), _own: None }
    }
}

impl Drop for SharedShop {
    fn drop(&mut self) {
        if let Err(error) = admin().batch_execute(&format!("drop database {} with (force)", self.0))
        {
            eprintln!("{}: {error}", self.0);
        }
    }
}
