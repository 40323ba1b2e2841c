//! Operations: is it well, and what is in force?

use crate::{problem, shop::Shop};
use config::{EVENT_SINK_URL, Form, PAYMENT_BASE_URL, VARIABLES, Variable, is_redis};
use domain::money::Currency;
use json::json;
use ports::{ConfigError, HttpRequest, Ports, Redis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    migration,
    sql::{self, SCHEMA_VERSION},
};
use terms::{Done, Problem};

/// How long a dependency may take to say that it is there.
const PROBE_TIMEOUT_MS: u64 = 2_000;

/// Something we call, and how it is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dependency {
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How long the look took.
    duration_ms: i64,
    /// What it is.
    name: DependencyName,
    /// How it is.
    status: DependencyStatus,
}

/// What we call.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DependencyName {
    /// The shop's database.
    Database,
    /// The key-value store.
    KeyValue,
    /// The payment provider.
    PaymentProvider,
    /// Where events go.
    EventSink,
}

/// How something that we call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DependencyStatus {
    /// It answers.
    Ok,
    /// It does not.
    Down,
    /// The shop has none.
    NotConfigured,
}

/// How the shop is, as a whole.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Well.
    Ok,
    /// Something that it needs is down.
    Down,
}

/// What answers here, for who has an address and nothing else.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Index {
    /// `edgetill`.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Where it is described for programs: OpenAPI 3.1.
    openapi: &'static str,
    /// Where it is described for people.
    docs: &'static str,
    /// Whether requests can be served.
    health: &'static str,
}

/// The component runs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Live {
    /// Always `ok`: a component that does not run says nothing.
    status: HealthStatus,
}

/// How the shop is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// What was looked at.
    dependencies: Vec<Dependency>,
    /// `down` when one of them is.
    status: HealthStatus,
}

/// The schema of the database.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaVersion {
    /// The version that these functions need.
    needed: i64,
    /// The version that is there; 0 for an empty database.
    version: i64,
}

/// What a migration found and left.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Migrated {
    /// The version that was there; 0 for an empty database.
    from: i64,
    /// The version that is there now.
    to: i64,
}

/// The variables in force.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Variables {
    /// Each by its name; secrets, and users and passwords in URLs, are masked.
    variables: BTreeMap<&'static str, String>,
    /// Those that will not do, and why.
    invalid: BTreeMap<&'static str, &'static str>,
    /// All of them with what is to be known of each.
    table: Vec<Described>,
    /// What may be charged in each currency that is sold in: rows of the database, so null while it
    /// cannot be asked.
    currencies: Option<Vec<CurrencyBounds>>,
}

/// What may be charged in a currency (CHK-10).
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CurrencyBounds {
    /// The currency.
    currency: Currency,
    /// How many decimals people write.
    minor_digits: u8,
    /// The least that one payment may be, in minor units.
    minimum_minor: i64,
    /// The most that one payment may be, in minor units.
    ceiling_minor: i64,
}

/// A variable with what is to be known of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Described {
    /// Its name.
    name: &'static str,
    /// What it is for.
    about: &'static str,
    /// What is in force; of a secret `set`, or nothing where it is empty.
    value: String,
    /// What it is unless it is set. One without a default must be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'static str>,
    /// Whether its value is shown to nobody.
    secret: bool,
    /// What a number counts: `seconds`, `milliseconds`, `bytes`, `basis points`, or nothing for
    /// things.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    /// The least a number may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    /// The most a number may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    /// What will do, in words, where not anything will.
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<&'static str>,
}

impl Described {
    fn of(variable: &Variable, value: String) -> Self {
        let &Variable { name, about, default, secret, form, .. } = variable;
        let (minimum, maximum, unit) = match form {
            Form::Number { low, high, unit } => (Some(low), Some(high), Some(unit.as_str())),
            Form::Text(_) | Form::KnownHost(_) | Form::Any | Form::Host => (None, None, None),
        };
        let value = match (secret, value.is_empty()) {
            (true, false) => "set".to_owned(),
            (true, true) => value,
            (false, _) => variable.shown(value),
        };
        Self {
            name,
            about,
            value,
            default,
            secret,
            unit,
            minimum,
            maximum,
            right: variable.right(),
        }
    }
}

/// `GET /`: what answers here.
pub fn index() -> Done<Index> {
    let version = env!("CARGO_PKG_VERSION");
    Done::new(Index {
        name: "edgetill",
        version,
        openapi: "/openapi.json",
        docs: "/docs",
        health: "/health/ready",
    })
}

/// `GET /health/live`: the component runs.
pub fn live() -> Done<Live> {
    Done::new(Live { status: HealthStatus::Ok })
}

/// `GET /health/ready` and `/health`: the database is there and migrated, so requests can be
/// served.
pub fn ready(ports: &Ports<'_>) -> Done<Health> {
    answer(vec![database(ports)])
}

/// `GET /health/dependencies`: everything we call, each timed (OPS-3).
pub async fn dependencies(ports: &Ports<'_>, redis: &dyn Redis) -> Done<Health> {
    let shop = Shop::new(ports);
    let mut all = vec![database(ports), key_value(ports)];
    for (name, url) in [
        (DependencyName::PaymentProvider, shop.setting(&PAYMENT_BASE_URL)),
        (DependencyName::EventSink, shop.setting(&EVENT_SINK_URL)),
    ] {
        match url {
            Ok(url) if url.is_empty() => all.push(Dependency {
                name,
                status: DependencyStatus::NotConfigured,
                duration_ms: 0,
                detail: None,
            }),
            Ok(url) if is_redis(&url) => all.push(redis_answers(ports, redis, name, &url)),
            Ok(url) => all.push(reachable(ports, name, url).await),
            Err(problem) => all.push(Dependency {
                name,
                status: DependencyStatus::Down,
                duration_ms: 0,
                detail: Some(problem.code().slug().to_owned()),
            }),
        }
    }
    answer(all)
}

/// `GET /api/v1/config`: every variable in force, secrets masked; a bad value, and one too short
/// beside another, named (CFG-1). With it what may be charged at once, which is rows (CHK-10).
pub fn config(ports: &Ports<'_>) -> Done<Variables> {
    let mut reply = Variables {
        currencies: Shop::new(ports).list(&sql::CURRENCY_LIST, &json!({ "above": "" })).ok(),
        ..Variables::default()
    };
    let value_of = |name: &str| ports.config.get(name).ok();
    for variable in VARIABLES.iter().filter(|variable| variable.form != Form::Host) {
        match ports.config.get(variable.name) {
            Ok(value) => {
                if let Err(right) = variable.check(&value, value_of) {
                    reply.invalid.insert(variable.name, right);
                }
                reply.variables.insert(variable.name, variable.shown(value.clone()));
                reply.table.push(Described::of(variable, value));
            }
            Err(ConfigError::Undefined { .. }) => {
                reply.invalid.insert(variable.name, "must be bound to this component");
            }
            // Not that anything is wrong with it: it is not known.
            Err(ConfigError::Provider { .. }) => {
                reply.invalid.insert(variable.name, "is not told now by whoever keeps it");
            }
        }
    }
    Done::new(reply)
}

/// `GET /internal/migrate`: the version of the database's schema, and the one these functions need.
///
/// # Errors
/// When the database is out of reach.
pub fn schema(ports: &Ports<'_>) -> Result<Done<SchemaVersion>, Problem> {
    let version = migration::version(ports.sql).map_err(problem::database)?;
    Ok(Done::new(SchemaVersion { needed: SCHEMA_VERSION, version }))
}

/// `POST /internal/migrate`: sets up an empty database, leads an older one here, and does nothing
/// to one that is here.
///
/// # Errors
/// `database_busy`; `internal` when a statement failed: then nothing has changed.
pub fn migrate(ports: &Ports<'_>) -> Result<Done<Migrated>, Problem> {
    let migration::Migrated { from, to } =
        migration::migrate(ports.sql).map_err(problem::database)?;
    terms::log("info", "schema migrated", &[("from", &from.to_string()), ("to", &to.to_string())]);
    Ok(Done::new(Migrated { from, to }))
}

fn answer(dependencies: Vec<Dependency>) -> Done<Health> {
    let is_down = dependencies.iter().any(|dependency| dependency.status == DependencyStatus::Down);
    let health = Done::new(Health {
        dependencies,
        status: if is_down { HealthStatus::Down } else { HealthStatus::Ok },
    });
    if is_down { health.other(true).retry_after(5) } else { health }
}

fn database(ports: &Ports<'_>) -> Dependency {
    timed(ports, DependencyName::Database, || {
        let version = migration::version(ports.sql)
            .map_err(|error| problem::database(error).code().slug().to_owned())?;
        if version >= SCHEMA_VERSION {
            Ok(())
        } else {
            Err(format!("schema {version}, needed {SCHEMA_VERSION}"))
        }
    })
}

fn key_value(ports: &Ports<'_>) -> Dependency {
    timed(ports, DependencyName::KeyValue, || {
        ports.kv.get("health").map(|_| ()).map_err(|_| "unreadable".to_owned())
    })
}

/// Any answer at all shows that it is there; what it answers is its own affair.
async fn reachable(ports: &Ports<'_>, name: DependencyName, url: String) -> Dependency {
    let started_ms = ports.clock.wall_ms();
    let request = HttpRequest {
        method: "GET",
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: PROBE_TIMEOUT_MS,
    };
    let answered = ports.http.send(request).await;
    let duration_ms = ports.clock.wall_ms().saturating_sub(started_ms);
    match answered {
        Ok(_) => Dependency { name, status: DependencyStatus::Ok, duration_ms, detail: None },
        Err(_) => Dependency {
            name,
            status: DependencyStatus::Down,
            duration_ms,
            detail: Some("no answer".to_owned()),
        },
    }
}

fn redis_answers(
    ports: &Ports<'_>,
    redis: &dyn Redis,
    name: DependencyName,
    url: &str,
) -> Dependency {
    timed(ports, name, || {
        redis.execute(url, "PING", &[]).map(drop).map_err(|_| "no answer".to_owned())
    })
}

fn timed(
    ports: &Ports<'_>,
    name: DependencyName,
    probe: impl FnOnce() -> Result<(), String>,
) -> Dependency {
    let started_ms = ports.clock.wall_ms();
    let outcome = probe();
    let duration_ms = ports.clock.wall_ms().saturating_sub(started_ms);
    match outcome {
        Ok(()) => Dependency { name, status: DependencyStatus::Ok, duration_ms, detail: None },
        Err(detail) => {
            Dependency { name, status: DependencyStatus::Down, duration_ms, detail: Some(detail) }
        }
    }
}
