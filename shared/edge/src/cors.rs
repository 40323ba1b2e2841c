//! Pages of other origins (SEC-7): which of them a browser lets call, and what it lets them see, as
//! the Fetch standard has it (<https://fetch.spec.whatwg.org/#http-cors-protocol>). None by
//! default; `cors_allowed_origins` names them.
//!
//! Nobody is known by a cookie here, so this protects no shopper from a page: a credential is a
//! token that the page already holds. It keeps pages that the shop does not know from being
//! storefronts.

use crate::{Method, Reply, Request};
use config::{CORS_ALLOWED_ORIGINS, CORS_MAX_AGE_MS, Origins};
use ports::Ports;

/// The headers of a request that a page may set, beyond those that every page may.
const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, if-match, \
    if-none-match, traceparent, tracestate, x-warehouse-id";

/// The headers of a reply that a page may read, beyond those that every page may.
const EXPOSED_HEADERS: &str = "etag, idempotency-replayed, location, retry-after, www-authenticate";

/// What is told to the browser that sent a request.
#[derive(Debug)]
pub(crate) struct Sharing {
    /// The origin that may have the reply, as its header has it; nothing where nobody asks, or may.
    origin: Option<String>,
    /// How long the answer to a preflight may be kept, if this is one.
    preflight_seconds: Option<i64>,
}

impl Sharing {
    /// What there is to tell of `request`. No variable is read for what no page sends.
    pub(crate) fn of(ports: &Ports<'_>, request: &Request) -> Self {
        let nobody = Self { origin: None, preflight_seconds: None };
        let Some(asking) = request.header("origin") else { return nobody };
        let allowed = match CORS_ALLOWED_ORIGINS.or_default(ports.config) {
            Ok(allowed) => allowed,
            Err(unusable) => {
                // No page is let in by mistake, and everybody else is served.
                terms::log(
                    "error",
                    "no page of another origin is let in",
                    &[("reason", &unusable.to_string())],
                );
                return nobody;
            }
        };
        let is_preflight = request.method() == Method::Options
            && request.header("access-control-request-method").is_some();
        let preflight_seconds = is_preflight.then(|| {
            CORS_MAX_AGE_MS.or_default(ports.config).unwrap_or_default().div_euclid(1_000)
        });
        let origin = match allowed {
            Origins::Any => Some("*".to_owned()),
            Origins::These(origins) => origins.into_iter().find(|origin| origin == asking),
        };
        Self { origin, preflight_seconds }
    }

    /// The reply with what the browser is told.
    pub(crate) fn shown(self, reply: Reply) -> Reply {
        let Some(origin) = self.origin else { return reply };
        let is_any = origin == "*";
        let reply = reply.header("access-control-allow-origin", origin).header("vary", "origin");
        // With any origin at all, no browser sends what it keeps of its own.
        let reply =
            if is_any { reply } else { reply.header("access-control-allow-credentials", "true") };
        let Some(seconds) = self.preflight_seconds else {
            return reply.header("access-control-expose-headers", EXPOSED_HEADERS);
        };
        let methods = reply.get("allow").unwrap_or_default().to_owned();
        reply
            .header("access-control-allow-methods", methods)
            .header("access-control-allow-headers", ALLOWED_HEADERS)
            .header("access-control-max-age", seconds.to_string())
    }
}
