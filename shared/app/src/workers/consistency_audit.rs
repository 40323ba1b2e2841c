//! `consistency-audit`: what must hold of the shop's rows, looked at a piece at a time for ever
//! (WRK-5).
//!
//! It reads, and changes nothing of the shop's trade. A run takes the next rows of every walk;
//! where each goes on is in its report, so in the row of its last success. Two runs at once look at
//! the same rows twice and raise each alert once.

use super::{Report, lease::leased};
use crate::shop::Shop;
use audit::{WALKS, Walk, fold, fold_begin, turn, unfolded};
use config::{
    AUDIT_BATCH, AUDIT_EVENT_AGE_MS, AUDIT_OVERDUE_MS, CONSISTENCY_AUDIT, EVENT_SINK_URL,
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::sql;
use terms::Problem;

/// Movements are only added up, so a run takes more of them than of the rows it judges.
const MOVEMENTS_PER_ROW: i64 = 20;
/// How old a movement must be before it is added up: older than any statement of PostgreSQL's may
/// be.
const SETTLE_MS: i64 = 60_000;
/// How many runs' movements may be left for a look at stock to add by itself.
const FOLDS_LEFT: i64 = 10;

/// What an audit saw.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Audited {
    /// Rows looked at, by walk.
    pub looked: BTreeMap<String, u64>,
    /// Violations among them, known ones too.
    pub found: u64,
    /// Those that were not known: each has an alert now.
    pub raised: u64,
    /// Whether stock was left out, because its movements have not all been added up yet.
    pub stock_waits: bool,
    /// The key each walk goes on after; one that is not here begins anew.
    pub next: BTreeMap<String, String>,
}

/// A row of a look: its head, or a violation.
#[derive(Default, Deserialize)]
struct Row {
    looked: Option<i64>,
    last: Option<String>,
    rule: Option<String>,
    subject: Option<String>,
    detail: Option<Value>,
}

/// The last run's report.
#[derive(Deserialize)]
struct Before {
    audit: Option<Audited>,
}

#[derive(Deserialize)]
struct Left {
    left: i64,
}

#[derive(Deserialize)]
struct Raised {
    raised: Vec<String>,
}

/// One run.
///
/// # Errors
/// What the database refuses; a violation is a row, not an error.
pub async fn consistency_audit(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, CONSISTENCY_AUDIT, async |shop| {
        let before: Option<Before> =
            shop.read(&sql::WORKER_REPORT, &json!({ "worker": CONSISTENCY_AUDIT.name }))?;
        let next =
            before.and_then(|before| before.audit).map(|audit| audit.next).unwrap_or_default();
        let mut audited =
            Audited { stock_waits: !movements_are_added_up(shop)?, ..Audited::default() };
        let mut violations = Vec::new();
        for walk in WALKS {
            if walk.name == "stock" && audited.stock_waits {
                continue;
            }
            violations.extend(look(
                shop,
                walk,
                next.get(walk.name).map_or("", String::as_str),
                &mut audited,
            )?);
        }
        audited.found = count(violations.len());
        audited.raised = raise(shop, &violations)?;
        let taken = audited.looked.values().fold(0_u64, |sum, looked| sum.saturating_add(*looked));
        Ok(Report { taken, done: taken, audit: Some(audited), ..Report::default() })
    })
    .await
}

/// Adds the next movements to the sums that stock is held against. Whether few enough are left to
/// add to each look.
fn movements_are_added_up(shop: &Shop<'_>) -> Result<bool, Problem> {
    let limit = shop.setting(&AUDIT_BATCH)?.saturating_mul(MOVEMENTS_PER_ROW);
    let input = json!({ "limit": limit, "settle_ms": SETTLE_MS });
    shop.ask::<Value>("audit_fold_begin", fold_begin, &input)?;
    shop.ask::<Value>("audit_fold", fold, &input)?;
    let few = limit.saturating_mul(FOLDS_LEFT);
    let left: Vec<Left> = shop.ask("audit_unfolded", unfolded, &json!({ "limit": few }))?;
    Ok(left.iter().all(|it| it.left <= few))
}

/// One walk's next rows.
fn look(
    shop: &Shop<'_>,
    walk: &'static Walk,
    after: &str,
    audited: &mut Audited,
) -> Result<Vec<Row>, Problem> {
    let limit = shop.setting(&AUDIT_BATCH)?;
    // Without a sink events wait, and that is as it should be.
    let event_age_ms = if shop.setting(&EVENT_SINK_URL)?.is_empty() {
        None
    } else {
        Some(shop.setting(&AUDIT_EVENT_AGE_MS)?)
    };
    let input = json!({ "after": after, "overdue_ms": shop.setting(&AUDIT_OVERDUE_MS)?, "event_age_ms": event_age_ms });
    let rows: Vec<Row> = shop.ask(walk.name, |dialect| turn(walk, limit, dialect), &input)?;
    let (heads, violations): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.looked.is_some());
    let head = heads.into_iter().next().unwrap_or_default();
    let looked = head.looked.unwrap_or_default();
    audited.looked.insert(walk.name.to_owned(), u64::try_from(looked).unwrap_or_default());
    // Fewer than asked for: the walk is at its end, and begins anew.
    if let (true, Some(last)) = (looked >= limit, head.last) {
        audited.next.insert(walk.name.to_owned(), last);
    }
    Ok(violations)
}

/// An alert, a count and a line for each cause that stands for the first time (OPS-5).
fn raise(shop: &Shop<'_>, violations: &[Row]) -> Result<u64, Problem> {
    if violations.is_empty() {
        return Ok(0);
    }
    let alert = |it: &Row| {
        let (rule, subject) =
            (it.rule.as_deref().unwrap_or_default(), it.subject.as_deref().unwrap_or_default());
        json!({ "alert_id": format!("audit:{rule}:{subject}"), "detail": { "rule": rule, "subject": subject, "found": it.detail } })
    };
    let input = json!({ "run_id": shop.id(), "violations": violations.iter().map(alert).collect::<Vec<_>>() });
    let receipt: Raised =
        shop.apply(&sql::AUDIT_RECORD, &input)?.map_err(crate::problem::refused)?;
    for alert_id in &receipt.raised {
        terms::log("error", "the audit found what must not be", &[("alert_id", alert_id)]);
    }
    Ok(count(receipt.raised.len()))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
