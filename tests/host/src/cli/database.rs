//! The PostgreSQL a shop runs on: made by the project's own scripts, which may run again.

use anyhow::{Context, Result};
use cluster::Cluster;
use tokio_postgres::{Client, NoTls};

use crate::cli::project::Project;

/// How long a connection may take, and what ends a session that waits, runs or idles inside a transaction too long. They
/// belong in the connection string: what is set later does not outlive the pool's cleaning.
const LIMITS: &str = "connect_timeout=5&application_name=edgetill&options=-c%20lock_timeout%3D3s%20-c%20statement_timeout%3D10s\
    %20-c%20idle_in_transaction_session_timeout%3D5s";

/// Tables, functions over them, demo goods: in this order.
const SCRIPTS: [&str; 3] = ["baseline.sql", "functions.sql", "demo.sql"];

/// A migrated database with demo goods on a server of one's own: its URL.
pub async fn on(cluster: &Cluster, project: &Project) -> Result<String> {
    create(&cluster.url("postgres"), "shop").await?;
    let url = cluster.url("shop");
    migrate(project, &url).await?;
    Ok(url)
}

/// Migrates the database behind a connection string and fills it with demo goods.
pub async fn migrate(project: &Project, url: &str) -> Result<()> {
    let client = connect(url).await?;
    for script in SCRIPTS {
        let file = project.path("shared/store/migrations/postgres").join(script);
        let sql = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        client.batch_execute(&sql).await.with_context(|| format!("in {}", file.display()))?;
    }
    Ok(())
}

/// A connection string with the limits every shop should have, unless it has options of its own.
pub fn with_limits(url: &str) -> String {
    if url.contains("options=") {
        return url.to_owned();
    }
    format!("{url}{}{LIMITS}", if url.contains('?') { '&' } else { '?' })
}

async fn create(server: &str, name: &str) -> Result<()> {
    let client = connect(server).await?;
    client.batch_execute(&format!("create database {name}")).await.with_context(|| format!("cannot create the database {name}"))
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("cannot connect to PostgreSQL")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("till: PostgreSQL: {error}");
        }
    });
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_added_to_a_connection_string_that_has_none() {
        for url in ["postgres://u:p@h:5432/d", "postgres://u:p@h:5432/d?sslmode=disable"] {
            let config: tokio_postgres::Config = with_limits(url).parse().unwrap();
            assert_eq!(config.get_connect_timeout(), Some(&std::time::Duration::from_secs(5)));
            let options = "-c lock_timeout=3s -c statement_timeout=10s -c idle_in_transaction_session_timeout=5s";
            assert_eq!(config.get_options(), Some(options));
        }
        let own = "postgres://h/d?options=-c%20lock_timeout%3D1s";
        assert_eq!(with_limits(own), own);
    }
}
