//! Events as a command carries them: written with the change, completed by the database with what it assigned.

use crate::shop::Shop;
use json::Value;
use serde::Serialize;

/// One row of the outbox to be. `data` holds ids and facts, never personal data (SEC-3).
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    event_id: String,
    aggregate: String,
    r#type: &'static str,
    data: Value,
}

impl Event {
    /// An event of the aggregate `kind/id`: events of one aggregate go out in order (EVT-1).
    pub(crate) fn new(shop: &Shop<'_>, r#type: &'static str, kind: &str, id: &str, data: Value) -> Self {
        Self { event_id: shop.id(), aggregate: format!("{kind}/{id}"), r#type, data }
    }
}
