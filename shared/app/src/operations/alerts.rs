//! `/api/v1/operations/alerts`: what somebody has to look at.

use super::page;
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem, Rendered};

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListAlerts {
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    cursor: Option<Cursor>,
    /// Alerts a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// When the last of a page was raised, and which it was: `1795229467547,outbox_dead:…`.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Cursor {
    at_ms: i64,
    alert_id: String,
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (at_ms, alert_id) = text.split_once(',').ok_or(NO_CURSOR)?;
        Ok(Self { at_ms: at_ms.parse().map_err(|_| NO_CURSOR)?, alert_id: alert_id.to_owned() })
    }
}

/// A page of alerts, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AlertPage {
    /// The alerts.
    alerts: Vec<Rendered<Alert>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Something that somebody has to look at, raised once per cause.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alert {
    /// Its cause: `compensation_dead:` and a compensation, `outbox_dead:` and an event, `audit:`
    /// and a broken rule …
    pub alert_id: String,
    /// What was found; of the audit's it is a document as text.
    pub detail: String,
    /// When it was raised.
    pub at_ms: i64,
}

const NO_CURSOR: &str = "must be the next_cursor of a page";

/// Alerts, oldest first.
///
/// # Errors
/// `invalid_field` for a limit out of range, and for a cursor that is none.
pub fn alerts(ports: &Ports<'_>, query: ListAlerts) -> Result<Done<AlertPage>, Problem> {
    let after = query.cursor.unwrap_or_default();
    let (alerts, last) = page(
        ports,
        &sql::ALERT_LIST,
        query.limit,
        |limit| json!({ "at_ms": after.at_ms, "alert_id": after.alert_id, "limit": limit }),
    )?;
    let next_cursor =
        last.and_then(|last| Some(format!("{},{}", last.number("at_ms")?, last.text("alert_id")?)));
    Ok(Done::new(AlertPage { alerts, next_cursor }))
}
