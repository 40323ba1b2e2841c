//! The databases a shop runs on, made by the project's own scripts, which may run again. It is the
//! host that has the clients of both.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use cluster::Cluster;

use crate::cargo::cargo;
use crate::project::Project;

/// What a shop runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Database {
    /// SQLite, key-values in a file, events to a webhook
    Sqlite,
    /// PostgreSQL, key-values and events in a Redis
    Postgres,
}

impl Database {
    /// This one, or both.
    pub fn wanted(only: Option<Self>) -> Vec<Self> {
        only.map_or_else(|| vec![Self::Sqlite, Self::Postgres], |only| vec![only])
    }

    /// As the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How long a connection may take, and what ends a session that waits, runs or idles too long,
/// inside a transaction or outside: those that a pool keeps after a burst are others' again. They
/// belong in the connection string: what is set later does not outlive the pool's cleaning.
const LIMITS: &str = "connect_timeout=5&application_name=edgetill&options=-c%20lock_timeout%3D3s%20-c%20statement_timeout%3D10s\
    %20-c%20idle_in_transaction_session_timeout%3D5s%20-c%20idle_session_timeout%3D2s";

/// The password of a shop's role on a throw-away server.
const PASSWORD: &str = "of-a-test";

/// Runs SQL on a database, a file of SQLite's or a connection string, by `host sql`: texts, or
/// `@file`. What was answered.
pub fn sql(project: &Project, database: &str, texts: &[String]) -> Result<String> {
    let mut command = asking(project, database, texts);
    let ran =
        command.output().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    ensure!(ran.status.success(), "the database could not be prepared ({})", ran.status);
    String::from_utf8(ran.stdout).context("the answer is not a text")
}

/// What asks a database. Its connection string may hold a password, so that is not on the command
/// line.
pub fn asking(project: &Project, database: &str, texts: &[String]) -> Command {
    let mut command = Command::new(project.built("host"));
    command.env("TILL_DATABASE", database).args(["sql", "--"]).args(texts);
    command.stderr(Stdio::inherit());
    command
}

/// A migrated database with demo goods on a server of one's own: its URL.
pub fn on(cluster: &Cluster, project: &Project) -> Result<String> {
    sql(project, &cluster.url("postgres"), &["create database shop".to_owned()])?;
    let url = cluster.url("shop");
    migrate(project, &url)?;
    Ok(url)
}

/// A migrated database with demo goods, of a role that `deploy/postgres.sql` has made: its URL.
pub fn deployed_on(cluster: &Cluster, project: &Project) -> Result<String> {
    let file = project.path("deploy/postgres.sql");
    let script = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let made = sql(project, &cluster.url("postgres"), &statements(&script, PASSWORD));
    made.with_context(|| format!("in {}", file.display()))?;
    let url = cluster.url_of("edgetill", PASSWORD, "shop");
    migrate(project, &url)?;
    Ok(url)
}

/// What psql makes of the script: one statement at a time, since no database is created inside a
/// transaction.
fn statements(script: &str, password: &str) -> Vec<String> {
    let lines: Vec<&str> = script.lines().filter(|line| !line.starts_with("--")).collect();
    let script = lines.join("\n").replace(":'password'", &format!("'{password}'"));
    script
        .split(';')
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// Migrates the database behind a connection string and fills it with demo goods.
fn migrate(project: &Project, url: &str) -> Result<()> {
    migrate_empty(project, url)?;
    sql(project, url, &[script(project, "demo.sql")]).map(drop)
}

/// Migrates the database behind a connection string.
pub fn migrate_empty(project: &Project, url: &str) -> Result<()> {
    let scripts = [script(project, "baseline.sql"), file(&functions(project)?)];
    sql(project, url, &scripts).map(drop)
}

fn script(project: &Project, name: &str) -> String {
    file(&project.path("shared/store/migrations/postgres").join(name))
}

/// Where every function is, as a script that the store has just printed: it is made by its build,
/// and not committed.
fn functions(project: &Project) -> Result<PathBuf> {
    let printed = cargo(project)
        .args(["run", "--quiet", "--profile", "host", "--package", "store", "--bin", "functions"])
        .output();
    let printed = printed.context("cargo cannot be run")?;
    ensure!(
        printed.status.success(),
        "the store does not print its functions: {}",
        String::from_utf8_lossy(&printed.stderr)
    );
    let script = project.path("target/development/functions.sql");
    std::fs::create_dir_all(project.path("target/development"))
        .context("cannot make target/development")?;
    std::fs::write(&script, printed.stdout)
        .with_context(|| format!("cannot write {}", script.display()))?;
    Ok(script)
}

/// A script as `host sql` takes it.
pub fn file(path: &std::path::Path) -> String {
    format!("@{}", path.display())
}

/// A connection string with the limits every shop should have, unless it has options of its own.
pub fn with_limits(url: &str) -> String {
    if url.contains("options=") {
        return url.to_owned();
    }
    format!("{url}{}{LIMITS}", if url.contains('?') { '&' } else { '?' })
}

/// A connection string's first host, as `allowed_outbound_hosts` has it.
pub fn allowed_host(url: &str) -> Result<String> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    let rest =
        rest.context("a PostgreSQL is named by postgres://user:password@host:port/database")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let first = hosts.split(',').next().unwrap_or_default();
    ensure!(!first.is_empty() && !first.starts_with(':'), "the connection string names no host");
    let has_port = first
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(format!("postgres://{first}{}", if has_port { "" } else { ":5432" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name and value of each `-c` in the options of a connection string.
    fn options(url: &str) -> Vec<(String, String)> {
        let options = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("options=")).unwrap();
        let options = options.replace("%20", " ").replace("%3D", "=");
        let pair = |option: &str| {
            option
                .trim()
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .unwrap()
        };
        options.split("-c ").skip(1).map(pair).collect()
    }

    #[test]
    fn what_is_handed_out_has_the_limits_that_are_tested() {
        for text in
            [include_str!("../../../docs/postgresql.md"), include_str!("../../../deploy/README.md")]
        {
            assert!(text.contains(&format!("LIMITS='{LIMITS}'")), "{LIMITS}");
        }
        let role = include_str!("../../../deploy/postgres.sql");
        for (name, value) in options(&with_limits("postgres://h/d")) {
            assert!(
                role.contains(&format!(
                    "alter role edgetill in database shop set {name} = '{value}';"
                )),
                "{name}"
            );
        }
    }

    #[test]
    fn limits_are_added_to_a_connection_string_that_has_none() {
        for (url, joint) in
            [("postgres://u:p@h:5432/d", '?'), ("postgres://u:p@h:5432/d?sslmode=disable", '&')]
        {
            let limited = with_limits(url);
            assert!(limited.starts_with(&format!("{url}{joint}connect_timeout=5&")), "{limited}");
            let found = options(&limited);
            let found: Vec<(&str, &str)> =
                found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let wanted = [
                ("lock_timeout", "3s"),
                ("statement_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "5s"),
                ("idle_session_timeout", "2s"),
            ];
            assert_eq!(found, wanted);
        }
        let own = "postgres://h/d?options=-c%20lock_timeout%3D1s";
        assert_eq!(with_limits(own), own);
    }

    #[test]
    fn the_host_that_is_allowed_is_the_one_of_the_connection_string() {
        let allowed = [
            ("postgres://u:p@h:6000/d?sslmode=disable", "postgres://h:6000"),
            ("postgresql://u:p@db.example.com/d", "postgres://db.example.com:5432"),
            ("postgres://h", "postgres://h:5432"),
            ("postgres://u:p%40:1@a:1,b:2/d", "postgres://a:1"),
            ("postgres://u@[::1]:6000/d", "postgres://[::1]:6000"),
            ("postgres://u@[::1]/d", "postgres://[::1]:5432"),
        ];
        for (url, host) in allowed {
            assert_eq!(allowed_host(url).unwrap(), host, "{url}");
        }
        for url in ["host=h user=u", "postgres:///d", "postgres://u:p@/d", "mysql://h/d"] {
            allowed_host(url).unwrap_err();
        }
    }
}
