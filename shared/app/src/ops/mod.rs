//! Operations: is it well, and what is in force?

use crate::{
    problem,
    settings::{self, EVENT_SINK_URL, PAYMENT_BASE_URL},
    shop::Shop,
};
use edge::{Problem, Reply};
use json::{Map, Value, json};
use ports::{HttpRequest, Ports, Redis};
use providers::stream::is_redis;
use serde::Serialize;
use store::{
    migration::{self, Migrated},
    sql::SCHEMA_VERSION,
};

/// How long a dependency may take to say that it is there.
const PROBE_TIMEOUT_MS: u64 = 2_000;

/// Something we call, and how it is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dependency {
    /// `database`, `key_value`, `payment_provider` or `event_sink`.
    name: &'static str,
    /// `ok`, `down` or `not_configured`.
    status: &'static str,
    /// How long the look took.
    duration_ms: i64,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// `GET /health/live`: the component runs.
pub fn live() -> Reply {
    Reply::json(200, &json!({ "status": "ok" }))
}

/// `GET /health/ready` and `/health`: the database is there and migrated, so requests can be served.
pub fn ready(ports: &Ports<'_>) -> Reply {
    answer(&[database(ports)])
}

/// `GET /health/dependencies`: everything we call, each timed (OPS-3).
pub async fn dependencies(ports: &Ports<'_>, redis: &dyn Redis) -> Reply {
    let shop = Shop::new(ports);
    let mut all = vec![database(ports), key_value(ports)];
    for (name, url) in [("payment_provider", shop.setting(&PAYMENT_BASE_URL)), ("event_sink", shop.setting(&EVENT_SINK_URL))] {
        match url {
            Ok(url) if url.is_empty() => all.push(Dependency { name, status: "not_configured", duration_ms: 0, detail: None }),
            Ok(url) if is_redis(&url) => all.push(redis_answers(ports, redis, name, &url)),
            Ok(url) => all.push(reachable(ports, name, url).await),
            Err(problem) => all.push(Dependency { name, status: "down", duration_ms: 0, detail: Some(problem.code().slug().to_owned()) }),
        }
    }
    answer(&all)
}

/// `GET /api/v1/config`: every variable in force, secrets masked; a bad value, and one too short beside another, named (CFG-1).
pub fn config(ports: &Ports<'_>) -> Reply {
    let mut shown = Map::new();
    let mut invalid = Map::new();
    for name in settings::NAMES {
        match ports.config.get(name) {
            Ok(value) => {
                let alone = settings::check(name, &value).err();
                let beside = || settings::broken_relation(name, |other| ports.config.get(other).ok()).map(|relation| relation.right);
                if let Some(right) = alone.or_else(beside) {
                    invalid.insert((*name).to_owned(), json!(right));
                }
                shown.insert((*name).to_owned(), Value::String(settings::shown(name, value)));
            }
            Err(_) => {
                invalid.insert((*name).to_owned(), json!("must be bound to this component"));
            }
        }
    }
    Reply::json(200, &json!({ "variables": shown, "invalid": invalid }))
}

/// `GET /internal/migrate`: the version of the database's schema, and the one these functions need.
///
/// # Errors
/// When the database is out of reach.
pub fn schema(ports: &Ports<'_>) -> Result<Reply, Problem> {
    let version = migration::version(ports.sql).map_err(problem::database)?;
    Ok(Reply::json(200, &json!({ "version": version, "needed": SCHEMA_VERSION })))
}

/// `POST /internal/migrate`: sets up an empty database, leads an older one here, and does nothing to one that is here.
///
/// # Errors
/// `database_busy`; `internal` when a statement failed: then nothing has changed.
pub fn migrate(ports: &Ports<'_>) -> Result<Reply, Problem> {
    let Migrated { from, to } = migration::migrate(ports.sql).map_err(problem::database)?;
    edge::log("info", "schema migrated", &[("from", &from.to_string()), ("to", &to.to_string())]);
    Ok(Reply::json(200, &json!({ "from": from, "to": to })))
}

fn answer(dependencies: &[Dependency]) -> Reply {
    let down = dependencies.iter().any(|dependency| dependency.status == "down");
    let (status, word) = if down { (503, "down") } else { (200, "ok") };
    let reply = Reply::json(status, &json!({ "status": word, "dependencies": dependencies }));
    if down { reply.retry_after(5) } else { reply }
}

fn database(ports: &Ports<'_>) -> Dependency {
    timed(ports, "database", || {
        let version = migration::version(ports.sql).map_err(|error| problem::database(error).code().slug().to_owned())?;
        if version >= SCHEMA_VERSION { Ok(()) } else { Err(format!("schema {version}, needed {SCHEMA_VERSION}")) }
    })
}

fn key_value(ports: &Ports<'_>) -> Dependency {
    timed(ports, "key_value", || ports.kv.get("health").map(|_| ()).map_err(|_| "unreadable".to_owned()))
}

/// Any answer at all shows that it is there; what it answers is its own affair.
async fn reachable(ports: &Ports<'_>, name: &'static str, url: String) -> Dependency {
    let started_ms = ports.clock.wall_ms();
    let request = HttpRequest { method: "GET", url, headers: Vec::new(), body: Vec::new(), timeout_ms: PROBE_TIMEOUT_MS };
    let answered = ports.http.send(request).await;
    let duration_ms = ports.clock.wall_ms().saturating_sub(started_ms);
    match answered {
        Ok(_) => Dependency { name, status: "ok", duration_ms, detail: None },
        Err(_) => Dependency { name, status: "down", duration_ms, detail: Some("no answer".to_owned()) },
    }
}

fn redis_answers(ports: &Ports<'_>, redis: &dyn Redis, name: &'static str, url: &str) -> Dependency {
    timed(ports, name, || redis.execute(url, "PING", &[]).map(drop).map_err(|_| "no answer".to_owned()))
}

fn timed(ports: &Ports<'_>, name: &'static str, probe: impl FnOnce() -> Result<(), String>) -> Dependency {
    let started_ms = ports.clock.wall_ms();
    let outcome = probe();
    let duration_ms = ports.clock.wall_ms().saturating_sub(started_ms);
    match outcome {
        Ok(()) => Dependency { name, status: "ok", duration_ms, detail: None },
        Err(detail) => Dependency { name, status: "down", duration_ms, detail: Some(detail) },
    }
}
