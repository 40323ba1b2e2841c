//! The PostgreSQL a shop runs on: made by the project's own scripts, which may run again.

use anyhow::{Context, Result};
use cluster::Cluster;
use tokio_postgres::{Client, NoTls};

use crate::cli::project::Project;

/// How long a connection may take, and what ends a session that waits, runs or idles too long, inside a transaction or
/// outside: those that a pool keeps after a burst are others' again. They belong in the connection string: what is set later
/// does not outlive the pool's cleaning.
const LIMITS: &str = "connect_timeout=5&application_name=edgetill&options=-c%20lock_timeout%3D3s%20-c%20statement_timeout%3D10s\
    %20-c%20idle_in_transaction_session_timeout%3D5s%20-c%20idle_session_timeout%3D2s";

/// The password of a shop's role on a throw-away server.
const PASSWORD: &str = "of-a-test";

/// Tables, functions over them, demo goods: in this order.
const SCRIPTS: [&str; 3] = ["baseline.sql", "functions.sql", "demo.sql"];

/// A migrated database with demo goods on a server of one's own: its URL.
pub async fn on(cluster: &Cluster, project: &Project) -> Result<String> {
    create(&cluster.url("postgres"), "shop").await?;
    let url = cluster.url("shop");
    migrate(project, &url).await?;
    Ok(url)
}

/// A migrated database with demo goods, of a role that `deploy/postgres.sql` has made: its URL.
pub async fn deployed_on(cluster: &Cluster, project: &Project) -> Result<String> {
    let file = project.path("deploy/postgres.sql");
    let script = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let client = connect(&cluster.url("postgres")).await?;
    for statement in statements(&script, PASSWORD) {
        client.batch_execute(&statement).await.with_context(|| format!("in {}: {statement}", file.display()))?;
    }
    let url = cluster.url_of("edgetill", PASSWORD, "shop");
    migrate(project, &url).await?;
    Ok(url)
}

/// What psql makes of the script: one statement at a time, since no database is created inside a transaction.
fn statements(script: &str, password: &str) -> Vec<String> {
    let lines: Vec<&str> = script.lines().filter(|line| !line.starts_with("--")).collect();
    let script = lines.join("\n").replace(":'password'", &format!("'{password}'"));
    script.split(';').map(|statement| statement.trim().to_owned()).filter(|statement| !statement.is_empty()).collect()
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
    fn what_is_handed_out_has_the_limits_that_are_tested() {
        for text in [include_str!("../../../../README.md"), include_str!("../../../../deploy/README.md")] {
            assert!(text.contains(&format!("LIMITS='{LIMITS}'")), "{LIMITS}");
        }
        let role = include_str!("../../../../deploy/postgres.sql");
        let config: tokio_postgres::Config = with_limits("postgres://h/d").parse().unwrap();
        for limit in config.get_options().unwrap().split("-c ").skip(1) {
            let (name, value) = limit.trim().split_once('=').unwrap();
            assert!(role.contains(&format!("alter role edgetill in database shop set {name} = '{value}';")), "{limit}");
        }
    }

    #[test]
    fn limits_are_added_to_a_connection_string_that_has_none() {
        for url in ["postgres://u:p@h:5432/d", "postgres://u:p@h:5432/d?sslmode=disable"] {
            let config: tokio_postgres::Config = with_limits(url).parse().unwrap();
            assert_eq!(config.get_connect_timeout(), Some(&std::time::Duration::from_secs(5)));
            let options =
                "-c lock_timeout=3s -c statement_timeout=10s -c idle_in_transaction_session_timeout=5s -c idle_session_timeout=2s";
            assert_eq!(config.get_options(), Some(options));
        }
        let own = "postgres://h/d?options=-c%20lock_timeout%3D1s";
        assert_eq!(with_limits(own), own);
    }
}
