//! The database: every command and query, and what its errors mean.
//!
//! A **command** changes everything or nothing in one statement. On SQLite its effects travel with
//! the function as a TEMP `INSTEAD OF` trigger on the one permanent view `command(doc)`: two host
//! calls, atomic, invisible to every other connection, and nothing of it in the schema that each
//! request must parse. On PostgreSQL it is a function of the same name, installed with the schema.
//! A command decides nothing but whether its guards hold; prices, policy and wording are Rust's. A
//! **query** answers all that one decision needs, as one JSON document.
//!
//! ```text
//! Store::apply(&sql::CART_ADD_LINE, &input)  ->  receipt | Refusal
//! Store::read (&sql::CART_VIEW,     &input)  ->  document | nothing
//! ```

mod error;
pub mod migration;
mod refusal;

pub use error::StoreError;
pub use refusal::{Refusal, Told};

use ports::{Dialect, Durability, Sql};
use serde::{Serialize, de::DeserializeOwned};
use std::ops::Range;

/// The statements, one constant per name in `sql/`, with its text in each dialect and documented by
/// the file's first lines.
pub mod sql {
    use super::{
        Command, CommandText, Optional, Statement,
        migration::{Script, Upgrade},
    };
    include!(concat!(env!("OUT_DIR"), "/sql.rs"));
}

/// What an empty PostgreSQL database is given, script by script: the tables, and the functions over
/// them. Each may be run again, and by several processes at once; the second is also what an
/// upgrade ends with.
pub const POSTGRES_SCHEMA: [&str; 2] =
    [include_str!("../migrations/postgres/baseline.sql"), sql::FUNCTIONS];

/// A change that applies wholly or not at all.
#[derive(Debug)]
pub struct Command {
    /// The file's name, for logs.
    pub name: &'static str,
    sqlite: CommandText,
    postgres: &'static str,
}

/// A command on SQLite: the trigger that carries it and the insert that fires it.
#[derive(Debug)]
struct CommandText {
    create: &'static str,
    fire: &'static str,
    /// In the order they stand in.
    optional: &'static [Optional],
}

/// A statement of a trigger that does nothing when the document has not the field it needs.
#[derive(Debug)]
struct Optional {
    needs: &'static str,
    /// Where it stands in `create`.
    at: Range<usize>,
}

impl CommandText {
    /// What travels for a document: without the statements that would do nothing, for half of what
    /// a small command costs is that its text is read. What was left out is in the trigger's name,
    /// because the next document on this connection may need it.
    fn travelling(&self, name: &str, document: &str) -> (String, String) {
        let (mut create, mut variant) = (self.create.to_owned(), name.to_owned());
        for (number, statement) in self.optional.iter().enumerate().rev() {
            if !has(document, statement.needs) {
                create.replace_range(statement.at.clone(), "");
                variant.push_str(&format!("_{number}"));
            }
        }
        (create.replacen(name, &variant, 2), self.fire.replacen(name, &variant, 1))
    }
}

/// Whether a document may have a field. In doubt it has: a field of that name further inside counts
/// too.
fn has(document: &str, field: &str) -> bool {
    document.split(&format!("\"{field}\":")).skip(1).any(|value| !value.starts_with("null"))
}

/// A query, or a change that needs no guard beyond its own WHERE.
#[derive(Debug)]
pub struct Statement {
    /// The file's name, for logs.
    pub name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Command {
    /// The trigger and the insert that travel to SQLite for a document.
    #[must_use]
    pub fn travelling(&self, document: &str) -> (String, String) {
        self.sqlite.travelling(self.name, document)
    }

    /// The whole texts in `dialect`: for suites and budgets, never for a function.
    #[must_use]
    pub fn texts(&self, dialect: Dialect) -> Vec<&'static str> {
        match dialect {
            Dialect::Sqlite => vec![self.sqlite.create, self.sqlite.fire],
            Dialect::Postgres => vec![self.postgres],
        }
    }
}

impl Statement {
    /// As [`Command::texts`].
    #[must_use]
    pub fn texts(&self, dialect: Dialect) -> Vec<&'static str> {
        match dialect {
            Dialect::Sqlite => vec![self.sqlite],
            Dialect::Postgres => vec![self.postgres],
        }
    }
}

/// One request's view of the database.
pub struct Store<'a> {
    sql: &'a dyn Sql,
}

impl<'a> Store<'a> {
    /// Over a connection.
    #[must_use]
    pub fn new(sql: &'a dyn Sql) -> Self {
        Self { sql }
    }

    /// Says how durable this request's writes must be. Said once, before them, by those that can do
    /// with less: SQLite's own default is `FULL`.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub fn durability(&self, durability: Durability) -> Result<(), StoreError> {
        match (self.sql.dialect(), durability) {
            (Dialect::Sqlite, Durability::Relaxed) => self
                .sql
                .run("pragma synchronous = normal")
                .map_err(|error| error::classify("durability", &error)),
            (Dialect::Sqlite, Durability::Full)
            | (Dialect::Postgres, Durability::Relaxed | Durability::Full) => Ok(()),
        }
    }

    /// Fires `command` on `input` and returns the receipt of what it assigned.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a guard or constraint said no: then nothing has changed.
    pub fn apply<R: DeserializeOwned>(
        &self,
        command: &Command,
        input: &impl Serialize,
    ) -> Result<R, StoreError> {
        let document = encode(command.name, input)?;
        let rows = match self.sql.dialect() {
            Dialect::Sqlite => {
                let (create, fire) = command.travelling(&document);
                self.sql.run(&create).and_then(|()| self.sql.query(&fire, &document))
            }
            Dialect::Postgres => self.sql.query(command.postgres, &document),
        };
        let rows = rows.map_err(|error| error::classify(command.name, &error))?;
        decode_one(command.name, &rows)?
            .ok_or_else(|| StoreError::undecodable(command.name, "no receipt"))
    }

    /// The one document of `statement` for `input`, if it has any.
    ///
    /// # Errors
    /// As [`Store::apply`]; a document of an unexpected shape is an error too.
    pub fn read<R: DeserializeOwned>(
        &self,
        statement: &Statement,
        input: &impl Serialize,
    ) -> Result<Option<R>, StoreError> {
        decode_one(statement.name, &self.rows(statement, input)?)
    }

    /// All documents of `statement` for `input`.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn list<R: DeserializeOwned>(
        &self,
        statement: &Statement,
        input: &impl Serialize,
    ) -> Result<Vec<R>, StoreError> {
        self.rows(statement, input)?.iter().map(|row| decode(statement.name, row)).collect()
    }

    /// All documents of a statement that is not the store's own, as `text` has it in `dialect`: the
    /// audit's.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn ask<R: DeserializeOwned>(
        &self,
        name: &'static str,
        text: impl FnOnce(Dialect) -> String,
        input: &impl Serialize,
    ) -> Result<Vec<R>, StoreError> {
        self.documents(name, &text(self.sql.dialect()), input)?
            .iter()
            .map(|row| decode(name, row))
            .collect()
    }

    fn rows(
        &self,
        statement: &Statement,
        input: &impl Serialize,
    ) -> Result<Vec<String>, StoreError> {
        let text = match self.sql.dialect() {
            Dialect::Sqlite => statement.sqlite,
            Dialect::Postgres => statement.postgres,
        };
        self.documents(statement.name, text, input)
    }

    fn documents(
        &self,
        name: &'static str,
        text: &str,
        input: &impl Serialize,
    ) -> Result<Vec<String>, StoreError> {
        self.sql.query(text, &encode(name, input)?).map_err(|error| error::classify(name, &error))
    }
}

fn encode(name: &'static str, input: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(input).map_err(|error| StoreError::undecodable(name, &error.to_string()))
}

fn decode<R: DeserializeOwned>(name: &'static str, row: &str) -> Result<R, StoreError> {
    json::read(row.as_bytes()).map_err(|error| StoreError::undecodable(name, &error.to_string()))
}

fn decode_one<R: DeserializeOwned>(
    name: &'static str,
    rows: &[String],
) -> Result<Option<R>, StoreError> {
    rows.first().map(|row| decode(name, row)).transpose()
}
