//! The API document, as `shared/api` makes it and `docs/` keeps it, and the page that the build makes of it.

/// The document: OpenAPI 3.1 in JSON.
pub const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// The same as a page to read: one file of HTML, without a script.
pub const PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/page.html"));
