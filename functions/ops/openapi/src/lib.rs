//! `/`, `/openapi.json`, `/docs`: what answers here, the API document and its page, made from
//! `shared/api`.

use edge::{Answered, Call, File};

/// It changes with a deployment, and is nobody's own.
const CACHE: &str = "public, max-age=300";

spin_shell::http!(
    api::INDEX { index: index },
    api::OPENAPI { openapi: document },
    api::DOCS { docs: page }
);

async fn index(_: Call<'_, api::index>) -> Answered<api::index> {
    Ok(app::ops::index())
}

async fn document(_: Call<'_, api::openapi>) -> Answered<api::openapi> {
    Ok(File::of(page::document()).cache(CACHE))
}

async fn page(_: Call<'_, api::docs>) -> Answered<api::docs> {
    // No script, no form, nothing from elsewhere: the page says so, and a browser holds it to that.
    Ok(File::of(page::page())
        .cache(CACHE)
        .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
}
