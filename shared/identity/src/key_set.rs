//! The provider's published keys, kept in the key-value store with the time they were fetched.
//!
//! - **Rotation**: a key nobody has heard of makes one fetch, and then none for
//!   `customer_jwks_refetch_seconds`: neither a new key nor a stranger's made-up one brings a
//!   stampede to the provider.
//! - **Outage**: keys that are past `customer_jwks_cache_seconds` are asked for anew; while nobody
//!   answers they go on being used until `customer_jwks_stale_seconds`. After that, and for a key
//!   that is not among them, the answer is `identity_unavailable`: it is not known whether the
//!   token is good.
//!
//! The record is a cache and no root of trust: it carries a mark that only we can make (SEC-5), and
//! one without it, or of another shape, is passed over and told to the log. What an attacker could
//! put there is an old record of ours, for as long as it would be used in an outage. Where nothing
//! can be remembered nothing is asked: each made-up token would be a question to the provider.

use crate::key::Key;
use callers::mark;
use config::{
    CUSTOMER_JWKS_CACHE_MS, CUSTOMER_JWKS_REFETCH_MS, CUSTOMER_JWKS_STALE_MS,
    CUSTOMER_JWKS_TIMEOUT_MS, Keys, SESSION_TOKEN_SECRET,
};
use ports::{HttpRequest, KvError, Ports};
use providers::Breaker;
use serde::{Deserialize, Serialize};
use terms::{Code, Problem};

const RECORD: &str = "identity/keys";
const BREAKER: &str = "identity";
/// A set larger than this is somebody's mistake; what counts of it must fit into one key-value
/// record.
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
    /// Before the first answer: never of use, since it was fetched so long ago.
    fn nothing(url: &str) -> Self {
        Self { url: url.to_owned(), keys: Vec::new(), fetched_at_ms: 0, asked_at_ms: 0 }
    }

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
/// `credential_invalid` when the provider has no such key, `identity_unavailable` when it cannot be
/// asked.
pub(crate) async fn find(ports: &Ports<'_>, url: &str, kid: Option<&str>) -> Result<Key, Problem> {
    let now_ms = ports.clock.wall_ms();
    let within =
        |at_ms: i64, limit_ms: i64| ports::lasts(at_ms.saturating_add(limit_ms), now_ms, limit_ms);
    let (cache_ms, stale_ms) =
        (CUSTOMER_JWKS_CACHE_MS.read(ports.config)?, CUSTOMER_JWKS_STALE_MS.read(ports.config)?);
    let record = Record { ports, marks: SESSION_TOKEN_SECRET.read(ports.config)? };
    let kept = record
        .read()?
        .filter(|kept| kept.url == url && within(kept.fetched_at_ms, stale_ms.max(cache_ms)));

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
    }
    let asking = Kept { asked_at_ms: now_ms, ..kept.clone().unwrap_or_else(|| Kept::nothing(url)) };
    record.write(&asking)?;

    match fetch(ports, url).await? {
        Ok(keys) => {
            let fetched =
                Kept { url: url.to_owned(), keys, fetched_at_ms: now_ms, asked_at_ms: now_ms };
            record.write(&fetched)?;
            fetched.pick(kid).cloned().ok_or_else(unknown)
        }
        Err(Unanswered { reason, retry_seconds }) => {
            match kept.as_ref().and_then(|kept| kept.pick(kid)) {
                Some(key) => {
                    terms::log(
                        "warning",
                        "the identity provider's keys are past their time and still used",
                        &[("reason", &reason)],
                    );
                    Ok(key.clone())
                }
                None => Err(unavailable(retry_seconds).because(reason)),
            }
        }
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
        headers: vec![(
            "accept".to_owned(),
            "application/jwk-set+json, application/json".to_owned(),
        )],
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

/// The keys of a set that are of use here. A set without any must not take the place of one that
/// has some.
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
    if keys.is_empty() {
        Err("the key set has no key for RS256, ES256 or EdDSA".to_owned())
    } else {
        Ok(keys)
    }
}

/// Where the keys are kept, with the keys of ours that mark them.
struct Record<'a> {
    ports: &'a Ports<'a>,
    marks: Keys,
}

impl Record<'_> {
    fn read(&self) -> Result<Option<Kept>, Problem> {
        let Some(bytes) = self.ports.kv.get(RECORD).map_err(|error| forgetful(&error))? else {
            return Ok(None);
        };
        let kept =
            mark::genuine(&self.marks, RECORD, &bytes).and_then(|text| json::read(text).ok());
        if kept.is_none() {
            terms::log(
                "warning",
                "the kept keys of the identity provider are not ours, and are passed over",
                &[("key", RECORD)],
            );
        }
        Ok(kept)
    }

    fn write(&self, kept: &Kept) -> Result<(), Problem> {
        let text = serde_json::to_vec(kept)
            .map_err(|error| Problem::internal(format!("the provider's keys: {error}")))?;
        self.ports
            .kv
            .set(RECORD, &mark::marked(&self.marks, RECORD, &text))
            .map_err(|error| forgetful(&error))
    }
}

/// Whether the token is good is not known, and nobody is asked who cannot be remembered to have
/// been asked.
fn forgetful(error: &KvError) -> Problem {
    unavailable(RETRY_SECONDS)
        .because(format!("the identity provider's keys cannot be kept: {error}"))
}

fn unknown() -> Problem {
    crate::invalid("the token's key is not one of the identity provider's")
}

fn unavailable(retry_seconds: u64) -> Problem {
    Problem::new(Code::IdentityUnavailable).retry_after(retry_seconds)
}
