//! The API document that `shared/api` makes and `docs/` keeps, as it is served, and the page that
//! the build makes of it.

/// The document: OpenAPI 3.1 in JSON, without the white space that `docs/` has for readers.
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The same as a page to read: one file of HTML, without a script.
pub const PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/page.html"));
