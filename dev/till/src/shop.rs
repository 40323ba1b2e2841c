//! A shop to start: the development manifest with a state folder, secrets, and the address of its
//! simulator.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cluster::RedisServer;

use crate::database;
use crate::manifest::Manifest;
use crate::project::Project;
use crate::secrets::{self, Secrets};

/// What no guest can ask of the key-value file, and what triples its writes per second.
const WAL: &str = "pragma journal_mode = wal";

/// The identity provider that the simulator publishes the keys of.
pub const CUSTOMER_ISSUER: &str = "https://identity.example/";
/// What that provider calls the shop.
pub const CUSTOMER_AUDIENCE: &str = "edgetill-storefront";

/// Whose page may call the shop of the tests from a browser.
const STOREFRONT: &str = "http://storefront.example";

/// A prepared shop.
pub struct Shop {
    /// Where it will listen.
    pub listen: SocketAddr,
    /// Where its simulator listens: the payment provider, the sink of events, the customers'
    /// identity provider.
    pub simulator: SocketAddr,
    /// What the simulator keeps.
    pub simulator_state_dir: PathBuf,
    /// Its databases and logs.
    pub state_dir: PathBuf,
    /// The runtime configuration made for that folder.
    pub runtime_config: PathBuf,
    /// Its secrets.
    pub secrets: Secrets,
    sql: Vec<String>,
    /// `database_url` and `database_host`, on PostgreSQL.
    database: Option<(String, String)>,
    /// The sink of events, where it is not the simulator: its URL, and its host as it may be
    /// reached.
    sink: Option<(String, String)>,
    /// Where a receiver of events may listen that is neither the shop nor the simulator.
    pub receiver: SocketAddr,
    /// Where the simulator sends the payment provider's webhooks; nowhere for a shop, which takes
    /// none.
    webhooks: Option<SocketAddr>,
    /// Whether the identity provider's keys are kept, and circuit breakers open, for as long as by
    /// default, and not for moments that a test can wait for.
    waits_as_by_default: bool,
    /// What stands above all other variables.
    set: Vec<String>,
}

impl Shop {
    /// Prepares folders, secrets, the runtime configuration, and the key-value file in WAL.
    /// `postgres` is the connection string of a migrated database; without one the shop is on
    /// SQLite.
    pub fn prepare(
        project: &Project,
        manifest: &Manifest,
        folder: &Path,
        listen: SocketAddr,
        postgres: Option<&str>,
    ) -> Result<Self> {
        let database = postgres
            .map(|url| {
                Ok::<_, anyhow::Error>((database::with_limits(url), database::allowed_host(url)?))
            })
            .transpose()?;
        // On PostgreSQL the SQLite file stays without a table: what strays into it fails.
        let sql = if database.is_some() { Vec::new() } else { project.sql() };
        let state_dir = folder.join("state");
        let secrets = secrets::keep(manifest, &folder.join("secrets.toml"))?;
        let runtime_config = folder.join("runtime-config.toml");
        std::fs::write(&runtime_config, "")
            .with_context(|| format!("cannot write {}", runtime_config.display()))?;
        std::fs::create_dir_all(&state_dir)
            .with_context(|| format!("cannot make {}", state_dir.display()))?;
        database::sql(
            project,
            &state_dir.join("sqlite_key_value.db").to_string_lossy(),
            &[WAL.to_owned()],
        )?;
        Ok(Self {
            listen,
            simulator: free_address()?,
            simulator_state_dir: state_dir.join("simulator"),
            state_dir,
            runtime_config,
            secrets,
            sql,
            database,
            sink: None,
            receiver: free_address()?,
            webhooks: None,
            waits_as_by_default: false,
            set: Vec::new(),
        })
    }

    /// What no command line may show: the secrets, and URLs that may have a password in them.
    pub fn secret_variables(&self) -> Vec<(&str, &str)> {
        let secrets = self.secrets.iter().map(|(name, secret)| (name.as_str(), secret.as_str()));
        let database = self.database.iter().map(|(url, _)| ("database_url", url.as_str()));
        let sink = self.sink.iter().map(|(url, _)| ("event_sink_url", url.as_str()));
        secrets.chain(database).chain(sink).collect()
    }

    /// `--variable` values: the simulator's address as payment provider, identity provider and (but
    /// for Redis) event sink.
    pub fn variables(&self) -> Vec<String> {
        let origin = self.simulator_url();
        let mut variables = vec![
            format!("payment_base_url={origin}"),
            format!("payment_host={origin}"),
            format!("customer_issuer={CUSTOMER_ISSUER}"),
            format!("customer_audience={CUSTOMER_AUDIENCE}"),
            format!("customer_jwks_url={origin}/identity/keys"),
            format!("customer_jwks_host={origin}"),
            // Receivers of events are its `/sink/<name>`.
            format!("receiver_host1={origin}"),
            format!("receiver_host2=http://{}", self.receiver),
        ];
        // A storefront under development may be served from anywhere on this machine; the tests'
        // page has one origin.
        let origins = if self.waits_as_by_default { "*" } else { STOREFRONT };
        variables.push(format!("cors_allowed_origins={origins}"));
        if !self.waits_as_by_default {
            // Short, so that a test can wait for them.
            variables.extend(
                ["cache_seconds=2", "stale_seconds=6", "refetch_seconds=1"]
                    .map(|rest| format!("customer_jwks_{rest}")),
            );
            variables.push("breaker_open_seconds=3".to_owned());
            // Its tests buy again at once; those on two hosts wait as a buyer does.
            variables.push("confirm_cool_down_seconds=0".to_owned());
            variables.push("worker_get_enabled=true".to_owned());
        }
        match &self.sink {
            Some((_, host)) => variables.push(format!("event_sink_host={host}")),
            None => {
                variables.push(format!("event_sink_url={origin}/sink"));
                variables.push(format!("event_sink_host={origin}"));
            }
        }
        if let Some((_, host)) = &self.database {
            variables.push(format!("database_host={host}"));
        }
        variables.extend(self.set.iter().cloned());
        variables
    }

    /// Gives a variable another value than the shop would have.
    pub fn set(&mut self, name: &str, value: &str) {
        self.set.push(format!("{name}={value}"));
    }

    /// Puts the key-value store into a Redis instead of a file.
    pub fn keep_key_values_in(&self, url: &str) -> Result<()> {
        let text = std::fs::read_to_string(&self.runtime_config)?;
        let mut config: toml::Table =
            text.parse().with_context(|| format!("in {}", self.runtime_config.display()))?;
        let stores = config.entry("key_value_store").or_insert_with(|| toml::Table::new().into());
        let store = toml::Table::from_iter([
            ("type".to_owned(), "redis".into()),
            ("url".to_owned(), url.into()),
        ]);
        stores
            .as_table_mut()
            .context("[key_value_store] is a table")?
            .insert("default".to_owned(), store.into());
        std::fs::write(&self.runtime_config, toml::to_string(&config)?)
            .with_context(|| format!("cannot write {}", self.runtime_config.display()))
    }

    /// Sends events to the streams of a Redis instead of the simulator.
    pub fn send_events_to(&mut self, redis: &RedisServer, database: u8) {
        self.sink = Some((redis.url(database), redis.host()));
    }

    /// Has the simulator send the payment provider's webhooks to this address.
    pub fn send_webhooks_to(&mut self, receiver: SocketAddr) {
        self.webhooks = Some(receiver);
    }

    /// `--variable` values of its simulator.
    pub fn simulator_variables(&self) -> Vec<String> {
        self.webhooks.iter().map(|receiver| format!("webhook_url=http://{receiver}/")).collect()
    }

    /// Has the simulator of another host of the same shop: there is one.
    pub fn share_the_simulator_of(&mut self, other: &Shop) {
        self.simulator = other.simulator;
    }

    /// Keeps the identity provider's keys, and circuit breakers open, for as long as a shop does by
    /// default.
    pub fn wait_as_by_default(&mut self) {
        self.waits_as_by_default = true;
    }

    /// What the suite calls the sink of its events.
    pub fn sink_name(&self) -> &'static str {
        if self.sink.is_some() { "redis" } else { "webhook" }
    }

    /// Begins with the schema alone, and is filled over HTTP.
    pub fn begin_empty(&mut self) {
        self.sql.retain(|script| !script.ends_with("demo.sql"));
    }

    /// `--sqlite` values.
    pub fn sql(&self) -> &[String] {
        &self.sql
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// The base URL of its simulator.
    pub fn simulator_url(&self) -> String {
        format!("http://{}", self.simulator)
    }

    /// Whether the shop says it is ready, or at least its host does; else why not.
    pub fn is_ready(&self) -> Result<()> {
        match self.status_of("/health/ready").context("nobody answers")? {
            200 => Ok(()),
            404 if self.status_of("/.well-known/spin/health")? == 200 => Ok(()),
            status => bail!("/health/ready answers {status}"),
        }
    }

    /// The status of a GET.
    fn status_of(&self, path: &str) -> Result<u16> {
        Ok(self.ask("GET", path, &Ask::default())?.0)
    }

    /// Asks the shop: the status, and what it answers, with its head.
    pub fn ask(&self, method: &str, path: &str, more: &Ask<'_>) -> Result<(u16, String)> {
        more.ask(self.listen, method, path)
    }
}

/// What a request says beside its method and its path; what is empty is not said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// A credential.
    pub token: &'a str,
    /// What the body is.
    pub media_type: &'a str,
    /// An idempotency key.
    pub key: &'a str,
    /// The body.
    pub body: &'a str,
}

impl Ask<'_> {
    /// Asks the shop at `listen`: the status, and what it answers, with its head.
    pub fn ask(&self, listen: SocketAddr, method: &str, path: &str) -> Result<(u16, String)> {
        let more = self;
        let mut stream = TcpStream::connect_timeout(&listen, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: {listen}\r\nconnection: close\r\n");
        let said = [
            ("authorization: Bearer ", more.token),
            ("content-type: ", more.media_type),
            ("idempotency-key: ", more.key),
        ];
        for (name, value) in said.iter().filter(|(_, value)| !value.is_empty()) {
            head += &format!("{name}{value}\r\n");
        }
        if !more.body.is_empty() {
            head += &format!("content-length: {}\r\n", more.body.len());
        }
        write!(stream, "{head}\r\n{}", more.body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).context("no status line")?;
        Ok((status.parse()?, answer))
    }
}

/// A free port on this machine.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::Serving;

    #[test]
    fn no_command_line_shows_a_password_or_a_secret() {
        let url = "postgres://edgetill:a-password@db.example:5432/shop";
        let sink = "redis://:a-password@redis.example:6379/1";
        let address: SocketAddr = "127.0.0.1:3000".parse().unwrap();
        let shop = Shop {
            listen: address,
            simulator: address,
            receiver: address,
            simulator_state_dir: PathBuf::from("simulator"),
            state_dir: PathBuf::from("state"),
            runtime_config: PathBuf::from("runtime-config.toml"),
            secrets: Secrets::from([("pii_key".to_owned(), "a-secret".to_owned())]),
            sql: Vec::new(),
            database: Some((url.to_owned(), "postgres://db.example:5432".to_owned())),
            sink: Some((sink.to_owned(), "redis://redis.example:6379".to_owned())),
            webhooks: None,
            waits_as_by_default: false,
            set: Vec::new(),
        };
        let project = Project { root: PathBuf::from("/") };
        let serving = Serving::of_a_test(&project, false).command(&project, &shop);
        for command in [serving, database::asking(&project, url, &["select 1".to_owned()])] {
            let shown = format!("{:?}", command.get_args().collect::<Vec<_>>());
            assert!(!shown.contains("a-password") && !shown.contains("a-secret"), "{shown}");
        }
        let told: Vec<_> = Serving::of_a_test(&project, false)
            .command(&project, &shop)
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        for (name, value) in [
            ("SPIN_VARIABLE_DATABASE_URL", url),
            ("SPIN_VARIABLE_EVENT_SINK_URL", sink),
            ("SPIN_VARIABLE_PII_KEY", "a-secret"),
        ] {
            assert!(told.contains(&(name.into(), value.into())), "{name}");
        }
    }
}
