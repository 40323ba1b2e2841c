//! `/openapi.json`, `/docs`: the API document and its page, made from `shared/api` and kept in `docs/`.

use edge::{Problem, Reply, Request, Route};
use ports::Ports;

const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");
const PAGE: &str = include_str!("../../../../docs/openapi.html");
/// It changes with a deployment, and is nobody's own.
const CACHE: &str = "public, max-age=300";

spin_shell::http!(Route::at(api::OPENAPI.path).get(document), Route::at(api::DOCS.path).get(page));

async fn document(_: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    answer(request, "application/json", DOCUMENT)
}

async fn page(_: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    // No script, no form, nothing from elsewhere: the page says so, and a browser holds it to that.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    answer(request, "text/html; charset=utf-8", PAGE).map(|reply| reply.header("content-security-policy", policy))
}

fn answer(request: &Request, content_type: &str, text: &str) -> Result<Reply, Problem> {
    request.no_query()?;
    Ok(Reply::text(200, content_type, text).etag_of_body(1).unless_seen(request).cache(CACHE))
}
