//! `host sql`: SQL on a database before any shop has it, or beside one. `cargo till` prepares and
//! looks with it, and so needs no database's client of its own.

use anyhow::{Context, Result};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::instruments::shorten;

/// What is run, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct SqlArgs {
    /// A SQLite file, which is made where there is none, or a connection string:
    /// `postgres://user:password@host:port/database`. With a password in it, give it by the
    /// environment: others can see a command line.
    #[arg(long, env = "TILL_DATABASE", hide_env_values = true, value_name = "DATABASE")]
    database: String,
    /// Texts of any number of statements, or `@file` for a whole file. Each is done before the next
    /// is begun.
    #[arg(value_name = "SQL", required = true)]
    sql: Vec<String>,
}

/// Runs all of it in order, on one connection, and prints the first column of every row that it
/// answers.
pub async fn sql(arguments: &SqlArgs) -> Result<()> {
    let database = &arguments.database;
    let postgres =
        ["postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme));
    let mut texts = Vec::with_capacity(arguments.sql.len());
    for argument in &arguments.sql {
        texts.push(match argument.strip_prefix('@') {
            Some(file) => (
                file.to_owned(),
                std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
            ),
            None => (format!("{:?}", shorten(argument)), argument.clone()),
        });
    }
    if postgres { on_postgres(database, &texts).await } else { on_sqlite(database, &texts) }
}

/// `texts` have their names in front.
fn on_sqlite(file: &str, texts: &[(String, String)]) -> Result<()> {
    let connection = Connection::open(file).with_context(|| format!("cannot open {file}"))?;
    for (name, text) in texts {
        for value in run(&connection, text).with_context(|| format!("in {name}"))? {
            println!("{value}");
        }
    }
    Ok(())
}

fn run(connection: &Connection, text: &str) -> Result<Vec<String>> {
    let mut answered = Vec::new();
    let mut batch = Batch::new(connection, text);
    while let Some(mut statement) = batch.next()? {
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if columns > 0 {
                answered.push(match row.get_ref(0)? {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(value) => value.to_string(),
                    ValueRef::Real(value) => value.to_string(),
                    ValueRef::Text(value) | ValueRef::Blob(value) => {
                        String::from_utf8_lossy(value).into_owned()
                    }
                });
            }
        }
    }
    Ok(answered)
}

async fn on_postgres(url: &str, texts: &[(String, String)]) -> Result<()> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot connect to PostgreSQL")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("till: PostgreSQL: {error}");
        }
    });
    for (name, text) in texts {
        let answered = client.simple_query(text).await.with_context(|| format!("in {name}"))?;
        for message in answered {
            if let SimpleQueryMessage::Row(row) = message {
                println!("{}", row.try_get(0)?.unwrap_or_default());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_of_every_row_is_answered() {
        let connection = Connection::open_in_memory().unwrap();
        let text = "create table t (a, b); -- a comment\ninsert into t values (1, 2), (null, 3); select a, b from t; select 'end';";
        assert_eq!(run(&connection, text).unwrap(), ["1", "", "end"]);
        run(&connection, "select nothing").unwrap_err();
    }
}
