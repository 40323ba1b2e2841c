//! Rules of fraud (CHK-16): what they find in a confirm, and how they are made.
//!
//! They are asked before a confirm is claimed, and those that look at a card once the provider knows
//! it. What they find is added up: too much, and there is no order; much, and there is one that waits
//! for a person with its money held.

use crate::{
    Change,
    catalog::tables::{AMOUNT_MINOR_MAX, Deleted, in_range, one_line},
    change::Apply as _,
    page::PageSize,
    problem::refused,
    shop::Shop,
};
use callers::Service;
use config::{FRAUD_DENY_SCORE, FRAUD_REVIEW_SCORE};
use domain::{
    fraud::{Decision, Signal, decide},
    ids::{FraudRuleId, SessionId},
    money::{Currency, Money},
};
use json::{Value, json};
use ports::Ports;
use providers::Card;
use serde::{Deserialize, Serialize};
use store::sql;
use terms::{Done, Problem, Rendered};

const PAGE: PageSize = PageSize { default: 50, max: 500 };
/// What a signal is counted up to.
const COUNT_MAX: i64 = 100;
/// The longest time that is looked back over, in seconds: a year.
const WITHIN_SECONDS_MAX: i64 = 31_536_000;
/// What one rule adds or takes off at most.
const SCORE_MAX: i64 = 1_000;

/// What rules have found in a confirm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    /// What they add up to.
    pub(crate) score: i64,
    /// Which they are.
    pub(crate) rules: Vec<FraudRuleId>,
    /// Whether the shop has rules that look at the card.
    pub(crate) asks_card: bool,
}

/// What follows when a person lets an order go that waits for them.
#[derive(Debug, Deserialize)]
pub(crate) struct Hold {
    /// Whether its money is taken then.
    pub(crate) captures: bool,
}

impl Found {
    /// And what was found in the card.
    pub(crate) fn join(&mut self, other: Self) {
        self.score = self.score.saturating_add(other.score);
        self.rules.extend(other.rules);
    }

    /// What it comes to, by the bounds of now.
    pub(crate) fn decide(&self, shop: &Shop<'_>) -> Result<Decision, Problem> {
        if self.rules.is_empty() {
            return Ok(Decision::Allow);
        }
        Ok(decide(self.score, shop.setting(&FRAUD_REVIEW_SCORE)?, shop.setting(&FRAUD_DENY_SCORE)?))
    }
}

/// What rules find in a confirm of `session_id`, or once its card is known in that.
///
/// # Errors
/// What the database refuses.
pub(crate) fn find(
    shop: &Shop<'_>,
    session_id: &SessionId,
    total: Money,
    card: Option<&Card>,
) -> Result<Found, Problem> {
    let card = card.map(|card| json!({ "fingerprint": card.fingerprint, "country": card.country }));
    let input = json!({
        "session_id": session_id, "currency": total.currency(), "total_minor": total.amount_minor(), "card": card,
    });
    Ok(shop.read(&sql::FRAUD_FOUND, &input)?.unwrap_or_default())
}

/// Writes down that a confirm is denied, and by what; one that nobody has been asked about `closes`
/// its session with that. Whether it was still there to be closed.
///
/// # Errors
/// What the database refuses.
pub(crate) fn deny(
    shop: &Shop<'_>,
    (owner, session_id): (&str, &SessionId),
    total: Money,
    found: &Found,
    closes: Option<bool>,
) -> Result<bool, Problem> {
    let input = json!({
        "session_id": session_id, "owner": owner, "currency": total.currency(), "total_minor": total.amount_minor(), "found": found, "closes": closes,
    });
    match shop.apply::<Value>(&sql::FRAUD_DENY, &input)? {
        Ok(_) => {
            terms::log("warning", "a confirm was denied", &[("session_id", session_id.as_str())]);
            Ok(true)
        }
        // Whoever moved first decides.
        Err(_) => Ok(false),
    }
}

/// A rule of fraud to be.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FraudRuleFacts {
    /// What people call it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    name: String,
    /// What it watches.
    signal: Signal,
    /// How many there must be before this confirm; for signals that are counted, and those alone.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    at_least: Option<i64>,
    /// In how many seconds; how young an account is at most. For signals that have a time, and those
    /// alone.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 31_536_000)))]
    within_seconds: Option<i64>,
    /// Orders in this currency alone. With `above_minor`.
    currency: Option<Currency>,
    /// Orders whose total is more than this, in minor units of `currency`.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100_000_000_000_i64)))]
    above_minor: Option<i64>,
    /// What it adds to the score; below zero it speaks for a buyer.
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    score: i64,
    /// Whether it is asked.
    active: bool,
}

/// A rule of fraud.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FraudRule {
    /// The rule.
    pub rule_id: FraudRuleId,
    /// What people call it.
    pub name: String,
    /// What it watches.
    pub signal: Signal,
    /// How many there must be; null where it is not counted.
    pub at_least: Option<i64>,
    /// In how many seconds; null where there is no time.
    pub within_seconds: Option<i64>,
    /// Orders in this currency alone; null for all.
    pub currency: Option<Currency>,
    /// Orders whose total is more than this; null for all.
    pub above_minor: Option<i64>,
    /// What it adds to the score.
    pub score: i64,
    /// Whether it is asked.
    pub active: bool,
}

/// Which page of the rules.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListFraudRules {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<FraudRuleId>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A page of rules.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FraudRulePage {
    /// The rules, by their ids.
    rules: Vec<Rendered<FraudRule>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<FraudRuleId>,
}

/// Which page of what was denied.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListDenied {
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    cursor: Option<i64>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A confirm that was denied.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeniedConfirm {
    /// Its number.
    pub seq: i64,
    /// Whose it was.
    pub owner: String,
    /// Of which session.
    pub session_id: SessionId,
    /// What it would have cost: its currency.
    pub currency: Currency,
    /// And how much of it, in minor units.
    pub total_minor: i64,
    /// What the rules added up to.
    pub score: i64,
    /// Which they were.
    pub rules: Vec<FraudRuleId>,
    /// When.
    pub at_ms: i64,
}

/// A page of confirms that were denied, the newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeniedPage {
    /// The confirms.
    denied: Vec<Rendered<DeniedConfirm>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<i64>,
}

/// Rules, those too that are not asked, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, query: &ListFraudRules) -> Result<Done<FraudRulePage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let cursor = query.cursor.as_ref().map_or("", FraudRuleId::as_str);
    let input = json!({ "cursor": cursor, "limit": limit.to_read() });
    let mut rules: Vec<Rendered<FraudRule>> =
        Shop::new(ports).list(&sql::FRAUD_RULE_LIST, &input)?;
    let next_cursor = limit.cut(&mut rules).map(|last| last.id("rule_id")).transpose()?;
    Ok(Done::new(FraudRulePage { rules, next_cursor }))
}

/// Confirms that were denied, the newest first.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn denied(ports: &Ports<'_>, query: &ListDenied) -> Result<Done<DeniedPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let input = json!({ "below": query.cursor, "limit": limit.to_read() });
    let mut denied: Vec<Rendered<DeniedConfirm>> =
        Shop::new(ports).list(&sql::FRAUD_DENIED_LIST, &input)?;
    let next_cursor = limit.cut(&mut denied).and_then(|last| last.number("seq"));
    Ok(Done::new(DeniedPage { denied, next_cursor }))
}

fn subject(rule_id: &FraudRuleId) -> String {
    format!("fraud-rule/{rule_id}")
}

/// Adds or replaces a rule. It is asked for every confirm that is claimed from now on.
///
/// # Errors
/// `invalid_field` for what its signal does not have, or lacks; `currency_unsupported`.
pub fn put(
    ports: &Ports<'_>,
    service: &Service,
    rule_id: &FraudRuleId,
    facts: &FraudRuleFacts,
) -> Result<Done<Rendered<FraudRule>>, Problem> {
    let FraudRuleFacts { name, signal, at_least, within_seconds, currency, above_minor, .. } =
        facts;
    one_line("/name", name)?;
    let at_least = one_of_signal("/at_least", *at_least, signal.is_counted(), COUNT_MAX)?;
    let has_time = signal.has_time();
    let within = one_of_signal("/within_seconds", *within_seconds, has_time, WITHIN_SECONDS_MAX)?;
    let above_minor = match (currency, above_minor) {
        (Some(_), Some(above)) => {
            in_range("/above_minor", *above, 0, AMOUNT_MINOR_MAX)?;
            *above
        }
        (None, None) => 0,
        (Some(_), None) => return Err(missing("/above_minor", "currency")),
        (None, Some(_)) => return Err(missing("/currency", "above_minor")),
    };
    in_range("/score", facts.score, -SCORE_MAX, SCORE_MAX)?;
    let input = json!({
        "subject": subject(rule_id), "actor": service.actor(), "rule_id": rule_id, "name": name, "signal": signal,
        "at_least": at_least.unwrap_or(0), "within_ms": within.unwrap_or(0).saturating_mul(1_000),
        "currency": currency.as_ref().map_or("", Currency::as_str), "above_minor": above_minor, "score": facts.score, "active": facts.active,
    });
    match Shop::new(ports).apply(&sql::FRAUD_RULE_PUT, &input)? {
        Ok(rule) => Ok(Done::new(Rendered::new(rule))),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Deletes a rule. Orders keep what it found.
///
/// # Errors
/// `entry_not_found`.
pub fn delete(
    ports: &Ports<'_>,
    service: &Service,
    rule_id: &FraudRuleId,
    change: &Change,
) -> Result<Done<Rendered<Deleted>>, Problem> {
    let actor = service.actor();
    let input =
        json!({ "subject": subject(rule_id), "actor": actor, "rule_id": rule_id, "events": [] });
    change.apply(&Shop::new(ports), &actor, &sql::FRAUD_RULE_DELETE, input)?.done(refused)
}

/// What only some signals have: there where they have it, and nowhere else.
fn one_of_signal(
    pointer: &str,
    given: Option<i64>,
    is_asked: bool,
    most: i64,
) -> Result<Option<i64>, Problem> {
    match (given, is_asked) {
        (Some(number), true) => in_range(pointer, number, 1, most).map(|()| given),
        (None, false) => Ok(None),
        (None, true) => Err(Problem::invalid_field(pointer, "must be given for this signal")),
        (Some(_), false) => {
            Err(Problem::invalid_field(pointer, "must be left out: this signal has none"))
        }
    }
}

fn missing(pointer: &str, other: &str) -> Problem {
    Problem::invalid_field(pointer, format!("must be given with {other}"))
}
