//! `/openapi.json`, `/docs`: the API document and its page, made from `shared/api`.

use edge::{Call, Problem, Reply};
use page::{DOCUMENT, PAGE};

/// It changes with a deployment, and is nobody's own.
const CACHE: &str = "public, max-age=300";

spin_shell::http!(api::OPENAPI { openapi: document }, api::DOCS { docs: page });

async fn document(_: Call<'_, api::openapi>) -> Result<Reply, Problem> {
    Ok(Reply::text(200, "application/json", DOCUMENT).etag_of_body(1).cache(CACHE))
}

async fn page(_: Call<'_, api::docs>) -> Result<Reply, Problem> {
    // No script, no form, nothing from elsewhere: the page says so, and a browser holds it to that.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let page = Reply::text(200, "text/html; charset=utf-8", PAGE).etag_of_body(1).cache(CACHE);
    Ok(page.header("content-security-policy", policy))
}
