//! The API document that `shared/api` makes and `docs/` keeps, as it is served, and the page that
//! the build makes of it.
//!
//! The component carries both deflated: seven eighths of them are the same words again.

use miniz_oxide::inflate::decompress_to_vec;

const DOCUMENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.deflated"));
const PAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/page.html.deflated"));

/// The document: OpenAPI 3.1 in JSON, without the white space that `docs/` has for readers.
#[must_use]
pub fn document() -> Vec<u8> {
    inflated(DOCUMENT)
}

/// The same as a page to read: one file of HTML, without a script.
#[must_use]
pub fn page() -> Vec<u8> {
    inflated(PAGE)
}

/// What the build has deflated always inflates: a test does it.
fn inflated(deflated: &[u8]) -> Vec<u8> {
    decompress_to_vec(deflated).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_served_is_the_document_and_its_page() {
        let document: serde_json::Value = serde_json::from_slice(&super::document()).unwrap();
        let kept = include_str!("../../../docs/openapi.json");
        assert_eq!(document, serde_json::from_str::<serde_json::Value>(kept).unwrap());
        let page = String::from_utf8(super::page()).unwrap();
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page:.200}");
    }
}
