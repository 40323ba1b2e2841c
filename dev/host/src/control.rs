//! The control port: faults for whole components, runs by name, and overlapping ticks of cron. Only
//! tests open it; it is no part of what is served, asks for no credential, and listens on an
//! address of its own.
//!
//! - `GET /components`: ids, and which triggers they have.
//! - `POST /faults {component, times, plan}` gives an id; `GET /faults` how often each has struck;
//!   `DELETE /faults`, `DELETE /faults/:id`.
//! - `GET /runs/:name`: the run of the request that had the header `till-run: name`, once it has
//!   ended; 404 until then.
//! - `GET /connections`: each component's to PostgreSQL, and how many of them guests hold.
//! - `GET /components/:id/last-run`: the last run of a component that has ended.
//! - `POST /cron {component, runs}`: so many ticks at the same time; answers when all have ended.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::App;
use crate::cron;
use crate::faults::{Plan, Settings};
use crate::logs::RunLine;

/// Named runs that are remembered; the oldest is forgotten first.
const RUNS_MAX: usize = 4_096;
/// Ticks that may be asked for at once.
const TICKS_MAX: usize = 100;

/// What the control port knows.
#[derive(Debug, Default)]
pub struct Control {
    /// The faults set for components.
    pub settings: Settings,
    runs: Mutex<Runs>,
}

#[derive(Debug, Default)]
struct Runs {
    named: VecDeque<(String, Value)>,
    last: BTreeMap<String, Value>,
}

impl Control {
    /// Remembers a run that has ended.
    pub fn ended(&self, name: Option<String>, line: &RunLine<'_>) {
        let run = serde_json::to_value(line).unwrap_or_default();
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.last.insert(line.component.to_owned(), run.clone());
        if let Some(name) = name {
            if runs.named.len() >= RUNS_MAX {
                runs.named.pop_front();
            }
            runs.named.push_back((name, run));
        }
    }

    fn named(&self, name: &str) -> Option<Value> {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.named.iter().rev().find(|(known, _)| known == name).map(|(_, run)| run.clone())
    }

    fn last(&self, component: &str) -> Option<Value> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).last.get(component).cloned()
    }
}

/// A status and what is said with it.
type Answer = (StatusCode, Value);

/// Answers for ever.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let app = app.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let app = app.clone();
                async move { Ok::<_, std::convert::Infallible>(respond(&app, request).await) }
            });
            drop(
                auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

async fn respond(app: &Arc<App>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let (status, said) = match body.collect().await {
        Ok(body) => answer(app, &head.method, head.uri.path(), &body.to_bytes()).await,
        Err(error) => refused(&error.to_string()),
    };
    let mut response = Response::new(Full::new(Bytes::from(said.to_string())));
    *response.status_mut() = status;
    response
}

async fn answer(app: &Arc<App>, method: &Method, path: &str, body: &[u8]) -> Answer {
    let Some(control) = &app.control else {
        return missing();
    };
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["components"]) => (StatusCode::OK, components(app)),
        ("GET", ["connections"]) => (StatusCode::OK, connections(app)),
        ("GET", ["components", id, "last-run"]) => {
            control.last(id).map_or_else(missing, |run| (StatusCode::OK, run))
        }
        ("GET", ["runs", name]) => {
            control.named(name).map_or_else(missing, |run| (StatusCode::OK, run))
        }
        ("GET", ["faults"]) => (StatusCode::OK, json!({ "faults": settings(control) })),
        ("POST", ["faults"]) => add(app, control, body),
        ("DELETE", ["faults"]) => removed(control.settings.clear(None)),
        ("DELETE", ["faults", id]) => {
            removed(id.parse().is_ok_and(|id| control.settings.clear(Some(id))))
        }
        ("POST", ["cron"]) => ticks(app, body).await,
        _ => missing(),
    }
}

fn components(app: &App) -> Value {
    let one = |component: &Arc<crate::app::Component>| {
        json!({
            "id": component.id, "http": component.http.is_some(), "cron": component.cron.is_some(),
        })
    };
    json!({ "components": app.components.values().map(one).collect::<Vec<_>>() })
}

fn connections(app: &App) -> Value {
    let one = |component: &Arc<crate::app::Component>| {
        json!({
            "id": component.id, "postgres": component.postgres.connections(),
        })
    };
    json!({ "components": app.components.values().map(one).collect::<Vec<_>>() })
}

fn settings(control: &Control) -> Value {
    control
        .settings
        .list()
        .iter()
        .map(|setting| serde_json::to_value(setting.as_ref()).unwrap_or_default())
        .collect()
}

fn add(app: &App, control: &Control, body: &[u8]) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Set {
        component: String,
        times: u32,
        plan: Plan,
    }
    let Set { component, times, plan } = match serde_json::from_slice(body) {
        Ok(set) => set,
        Err(error) => return refused(&error.to_string()),
    };
    match plan.checked() {
        Ok(_) if times == 0 => refused("a fault that may strike 0 times is none"),
        Ok(_) if !app.components.contains_key(&component) => {
            refused(&format!("there is no component {component:?}"))
        }
        Ok(plan) => {
            (StatusCode::CREATED, json!({ "id": control.settings.add(component, plan, times) }))
        }
        Err(error) => refused(&format!("{error:#}")),
    }
}

async fn ticks(app: &Arc<App>, body: &[u8]) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Ticks {
        component: String,
        runs: usize,
    }
    #[derive(Serialize)]
    struct Tick {
        outcome: String,
    }
    let Ticks { component: id, runs } = match serde_json::from_slice(body) {
        Ok(ticks) => ticks,
        Err(error) => return refused(&error.to_string()),
    };
    let Some(component) = app.components.get(&id).filter(|component| component.cron.is_some())
    else {
        return refused(&format!("no component {id:?} has a cron trigger"));
    };
    if !(1..=TICKS_MAX).contains(&runs) {
        return refused(&format!("1 to {TICKS_MAX} ticks at once"));
    }
    let ticks: Vec<_> = (0..runs)
        .map(|_| {
            let (app, component) = (app.clone(), component.clone());
            tokio::spawn(async move { cron::run(&app, &component, "asked for").await })
        })
        .collect();
    let mut ended = Vec::new();
    for tick in ticks {
        let outcome = match tick.await {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(error)) => format!("{error:#}"),
            Err(error) => error.to_string(),
        };
        ended.push(Tick { outcome });
    }
    (StatusCode::OK, json!({ "runs": ended }))
}

fn removed(there: bool) -> Answer {
    if there { (StatusCode::OK, json!({})) } else { missing() }
}

fn missing() -> Answer {
    (StatusCode::NOT_FOUND, json!({ "error": "there is no such thing" }))
}

fn refused(why: &str) -> Answer {
    (StatusCode::BAD_REQUEST, json!({ "error": why }))
}
