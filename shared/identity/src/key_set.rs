//! The provider's published keys, kept in the key-value store with the time they were fetched.
//!
//! - **Rotation**: a key nobody has heard of makes one fetch, and then none for `customer_jwks_refetch_seconds`: neither a new key
//!   nor a stranger's made-up one brings a stampede to the provider.
//! - **Outage**: keys that are past `customer_jwks_cache_seconds` are asked for anew; while nobody answers they go on being
//!   used until `customer_jwks_stale_seconds`. After that, and for a key that is not among them, the answer is
//!   `identity_unavailable`: it is not known whether the token is good.
//!
//! The record is a cache and nothing more. One that cannot be read counts as none, one that cannot be written costs a fetch.

use crate::key::Key;
use config::{CUSTOMER_JWKS_CACHE_MS, CUSTOMER_JWKS_REFETCH_MS, CUSTOMER_JWKS_STALE_MS, CUSTOMER_JWKS_TIMEOUT_MS};
use ports::{HttpRequest, Ports};
use providers::Breaker;
use serde::{Deserialize, Serialize};
use terms::{Code, Problem};

const RECORD: &str = "identity/keys";
const BREAKER: &str = "identity";
/// A set larger than this is somebody's mistake; what counts of it must fit into one key-value record.
const SET_BYTES_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 32;
/// When to come again while another request is asking.
const RETRY_SECONDS: u64 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    url: String,
    keys: Vec<Key>,
    fetched_at_ms: i64,
    /// Later than `fetched_at_ms` while somebody is asking, or has asked in vain.
    asked_at_ms: i64,
}

/// Why there are no new keys, for the log, and when it is worth asking again.
struct Unanswered {
    reason: String,
    retry_seconds: u64,
}

impl Kept {
    fn pick(&self, kid: Option<&str>) -> Option<&Key> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.is_called(kid)),
            // A provider with one key need not name it.
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

/// The key called `kid`.
///
/// # Errors
/// `credential_invalid` when the provider has no such key, `identity_unavailable` when it cannot be asked.
pub(crate) async fn find(ports: &Ports<'_>, url: &str, kid: Option<&str>) -> Result<Key, Problem> {
    let now_ms = ports.clock.wall_ms();
    let within = |at_ms: i64, limit_ms: i64| ports::lasts(at_ms.saturating_add(limit_ms), now_ms, limit_ms);
    let (cache_ms, stale_ms) = (CUSTOMER_JWKS_CACHE_MS.read(ports.config)?, CUSTOMER_JWKS_STALE_MS.read(ports.config)?);
    let kept = read(ports).filter(|kept| kept.url == url && within(kept.fetched_at_ms, stale_ms.max(cache_ms)));

    if let Some(kept) = &kept {
        if let Some(key) = kept.pick(kid).filter(|_| within(kept.fetched_at_ms, cache_ms)) {
            return Ok(key.clone());
        }
        if within(kept.asked_at_ms, CUSTOMER_JWKS_REFETCH_MS.read(ports.config)?) {
            return match kept.pick(kid) {
                Some(key) => Ok(key.clone()),
                None if kept.asked_at_ms > kept.fetched_at_ms => Err(unavailable(RETRY_SECONDS)),
                None => Err(unknown()),
            };
        }
        write(ports, &Kept { asked_at_ms: now_ms, ..kept.clone() });
    }

    match fetch(ports, url).await? {
        Ok(keys) => {
            let fetched = Kept { url: url.to_owned(), keys, fetched_at_ms: now_ms, asked_at_ms: now_ms };
            write(ports, &fetched);
            fetched.pick(kid).cloned().ok_or_else(unknown)
        }
        Err(Unanswered { reason, retry_seconds }) => match kept.as_ref().and_then(|kept| kept.pick(kid)) {
            Some(key) => {
                terms::log("warning", "the identity provider's keys are past their time and still used", &[("reason", &reason)]);
                Ok(key.clone())
            }
            None => Err(unavailable(retry_seconds).because(reason)),
        },
    }
}

/// Asks the provider, behind its circuit breaker.
async fn fetch(ports: &Ports<'_>, url: &str) -> Result<Result<Vec<Key>, Unanswered>, Problem> {
    let timeout_ms = CUSTOMER_JWKS_TIMEOUT_MS.read(ports.config)?;
    let breaker = Breaker::configured(BREAKER, ports, timeout_ms)?;
    let pass = match breaker.admit() {
        Ok(pass) => pass,
        Err(blocked) => {
            let retry_seconds = blocked.retry_after_ms.div_ceil(1_000).max(RETRY_SECONDS);
            return Ok(Err(Unanswered { reason: "its circuit is open".to_owned(), retry_seconds }));
        }
    };
    let request = HttpRequest {
        method: "GET",
        url: url.to_owned(),
        headers: vec![("accept".to_owned(), "application/jwk-set+json, application/json".to_owned())],
        body: Vec::new(),
        timeout_ms,
    };
    let keys = match ports.http.send(request).await {
        Ok(response) if response.status == 200 => keys_in(&response.body),
        Ok(response) => Err(format!("the key set is answered with {}", response.status)),
        Err(error) => Err(format!("the key set: {error}")),
    };
    Ok(match keys {
        Ok(keys) => {
            breaker.succeeded(pass);
            Ok(keys)
        }
        Err(reason) => {
            breaker.failed(pass);
            Err(Unanswered { reason, retry_seconds: RETRY_SECONDS })
        }
    })
}

/// The keys of a set that are of use here. A set without any must not take the place of one that has some.
fn keys_in(body: &[u8]) -> Result<Vec<Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    if body.len() > SET_BYTES_MAX {
        return Err("the key set is too large".to_owned());
    }
    let set: Set = json::read(body).map_err(|error| format!("the key set is none: {error}"))?;
    let keys: Vec<Key> = set.keys.iter().filter_map(Key::of).take(KEYS_MAX).collect();
    if keys.is_empty() { Err("the key set has no key for RS256 or ES256".to_owned()) } else { Ok(keys) }
}

fn read(ports: &Ports<'_>) -> Option<Kept> {
    let bytes = ports.kv.get(RECORD).ok().flatten()?;
    json::read(&bytes).ok()
}

fn write(ports: &Ports<'_>, kept: &Kept) {
    let written = serde_json::to_vec(kept).map_err(|error| error.to_string()).and_then(|bytes| {
        let set = ports.kv.set(RECORD, &bytes);
        set.map_err(|error| error.to_string())
    });
    if let Err(error) = written {
        terms::log("warning", "the identity provider's keys could not be kept", &[("reason", &error)]);
    }
}

fn unknown() -> Problem {
    crate::invalid("the token's key is not one of the identity provider's")
}

fn unavailable(retry_seconds: u64) -> Problem {
    Problem::new(Code::IdentityUnavailable).retry_after(retry_seconds)
}
