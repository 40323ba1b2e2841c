//! `/api/v1/rewards`, `/api/v1/earned-rewards`, `/api/v1/share-codes`: by which rules orders are
//! rewarded, what a customer was given, and codes they share (PROMO-10, PROMO-11).
//!
//! Rewards are given by the worker `reward-grant`, and by nothing else.

use crate::{Change, change::Apply as _, page::PageSize, problem::refused, promotions, shop::Shop};
use callers::{Customer, Service};
use domain::{
    ids::{GrantId, OrderId, PromotionId, RewardId},
    promotion::Code as PromotionCode,
    reward::{RewardName, Rule},
};
use json::json;
use ports::Ports;
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

const PAGE: PageSize = PageSize { default: 50, max: 500 };
const EARNED: PageSize = PageSize { default: 50, max: 200 };

/// A rule of rewards to be.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutReward {
    /// The rule.
    rule: Rule,
    /// Whether it runs; `false` ends it, for orders too that wait for their time.
    active: bool,
}

/// A rule of rewards.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reward {
    /// The rule's id.
    pub reward_id: RewardId,
    /// Which of its rules this is, from 1.
    pub version: i64,
    /// Whether it runs.
    pub active: bool,
    /// The rule.
    pub rule: Rule,
}

/// A rule of rewards, and what it did.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RewardView {
    /// The rule.
    pub reward: Reward,
    /// How many rewards it gave that stand.
    pub given: i64,
    /// How many it gave for orders that were cancelled after them.
    pub taken_back: i64,
}

/// Which page of the rules.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListRewards {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<RewardId>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A page of rules.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RewardPage {
    /// The rules, by their ids.
    rewards: Vec<Rendered<Reward>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<RewardId>,
}

/// Which page of what a customer was given.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListEarned {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<GrantId>,
    /// Rewards a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// Where a reward is.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename_all = "snake_case"))]
pub enum RewardState {
    /// The customer has it.
    Given,
    /// Its order was cancelled, and it will be taken back.
    Owed,
    /// It was taken back, as far as it was there.
    TakenBack,
}

/// What a customer was given for an order.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EarnedReward {
    /// This one.
    pub grant_id: GrantId,
    /// By which rule.
    pub reward_id: RewardId,
    /// What the rule is called now.
    pub name: RewardName,
    /// By which version of it.
    pub version: i64,
    /// For which order; of a friend's reward it is the friend's.
    pub order_id: OrderId,
    /// Where it is.
    pub state: RewardState,
    /// The points; null for another reward.
    pub points: Option<i64>,
    /// The code, for one order of this customer; null for another reward.
    pub code: Option<PromotionCode>,
    /// The badge; null for another reward.
    pub badge: Option<RewardName>,
    /// How many of the points were taken back; null while none were to be.
    pub taken_points: Option<i64>,
    /// When it was given.
    pub given_at_ms: i64,
    /// When it was taken back; null if it was not.
    pub taken_at_ms: Option<i64>,
}

/// What an order is to give once its time has come, if it still stands and the rule still runs.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitingReward {
    /// By which rule, one of those that give for each order.
    pub reward_id: RewardId,
    /// What it is called.
    pub name: RewardName,
    /// For which order.
    pub order_id: OrderId,
    /// From when on.
    pub due_at_ms: i64,
}

/// A code that a customer shares.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShareCode {
    /// The promotion it gives to whoever has it.
    pub promotion_id: PromotionId,
    /// The code.
    pub code: PromotionCode,
    /// How many orders have it, confirms under way among them.
    pub uses: i64,
    /// Whether it may be used.
    pub active: bool,
    /// Since when it is theirs.
    pub created_at_ms: i64,
}

/// A customer's rewards and share codes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Earned {
    /// What they were given, newest first.
    rewards: Vec<Rendered<EarnedReward>>,
    /// What waits for its time, first what is due first, at most 100; on the first page.
    waiting: Vec<Rendered<WaitingReward>>,
    /// Their share codes.
    share_codes: Vec<Rendered<ShareCode>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<GrantId>,
}

#[derive(Deserialize)]
struct EarnedRows {
    rewards: Vec<Rendered<EarnedReward>>,
    waiting: Vec<Rendered<WaitingReward>>,
    share_codes: Vec<Rendered<ShareCode>>,
}

/// A share code that is asked for.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AskShareCode {
    /// Of a promotion whose friends a rule rewards.
    promotion_id: PromotionId,
}

fn subject(reward_id: &RewardId) -> String {
    format!("reward/{reward_id}")
}

/// Why a rule stays as it is, in words.
fn told(refusal: Refusal) -> Problem {
    if refusal == Refusal::PromotionUnknown {
        return Problem::invalid_field("/rule", "must name promotions that the shop has");
    }
    let problem = refused(refusal);
    if refusal == Refusal::GaveRewards {
        problem.detail("it has given rewards: end it with active")
    } else {
        problem
    }
}

/// Rules of rewards, those too that do not run, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, query: &ListRewards) -> Result<Done<RewardPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let cursor = query.cursor.as_ref().map_or("", RewardId::as_str);
    let input = json!({ "cursor": cursor, "limit": limit.to_read() });
    let mut rewards: Vec<Rendered<Reward>> = Shop::new(ports).list(&sql::REWARD_LIST, &input)?;
    let next_cursor = limit.cut(&mut rewards).map(|last| last.id("reward_id")).transpose()?;
    Ok(Done::new(RewardPage { rewards, next_cursor }))
}

/// A rule with what it did.
///
/// # Errors
/// `entry_not_found`.
pub fn view(
    ports: &Ports<'_>,
    reward_id: &RewardId,
) -> Result<Done<Rendered<RewardView>>, Problem> {
    let found = Shop::new(ports).read(&sql::REWARD_VIEW, &json!({ "reward_id": reward_id }))?;
    found.map(Done::new).ok_or_else(|| Problem::new(Code::EntryNotFound))
}

/// Adds or replaces a rule. What is given from now on is given by it.
///
/// # Errors
/// `invalid_field` for a promotion that there is not; `currency_unsupported`.
pub fn put(
    ports: &Ports<'_>,
    service: &Service,
    reward_id: &RewardId,
    body: &PutReward,
) -> Result<Done<Rendered<Reward>>, Problem> {
    let shop = Shop::new(ports);
    let rule = &body.rule;
    let named: Vec<&PromotionId> = rule.shared().into_iter().chain(rule.code_of()).collect();
    // A fresh id is greater than that of every order whose confirm has begun.
    let input = json!({
        "subject": subject(reward_id), "actor": service.actor(), "reward_id": reward_id, "rule": rule, "active": body.active,
        "wait_ms": rule.wait_ms(), "walked_to": shop.id(), "promotions": named, "currency": rule.currency(),
    });
    match shop.apply(&sql::REWARD_PUT, &input)? {
        Ok(reward) => Ok(Done::new(Rendered::new(reward))),
        Err(refusal) => Err(told(refusal)),
    }
}

/// Deletes a rule that has given nothing; another is ended by `active`.
///
/// # Errors
/// `entry_not_found`, `in_use`.
pub fn delete(
    ports: &Ports<'_>,
    service: &Service,
    reward_id: &RewardId,
    change: &Change,
) -> Result<Done<Rendered<crate::catalog::tables::Deleted>>, Problem> {
    let actor = service.actor();
    let input = json!({
        "subject": subject(reward_id), "actor": actor, "reward_id": reward_id, "events": [],
    });
    change.apply(&Shop::new(ports), &actor, &sql::REWARD_DELETE, input)?.done(told)
}

/// What the caller was given, newest first, with what waits and the codes they share. A guest has
/// none.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn earned(ports: &Ports<'_>, owner: &str, query: &ListEarned) -> Result<Done<Earned>, Problem> {
    let limit = EARNED.limit(query.limit)?;
    let input = json!({
        "customer_id": Customer::id_in(owner).unwrap_or_default(), "cursor": query.cursor, "limit": limit.to_read(),
    });
    let rows: Option<EarnedRows> = Shop::new(ports).read(&sql::REWARDS_OF_CUSTOMER, &input)?;
    let EarnedRows { mut rewards, waiting, share_codes } =
        rows.ok_or_else(|| Problem::internal("no answer about rewards"))?;
    let next_cursor = limit.cut(&mut rewards).map(|last| last.id("grant_id")).transpose()?;
    Ok(Done::new(Earned { rewards, waiting, share_codes, next_cursor }))
}

/// The caller's share code of a promotion: made, if they have none yet.
///
/// # Errors
/// `scope_missing` for a guest; `entry_not_found` for a promotion whose friends nothing rewards.
pub fn share(
    ports: &Ports<'_>,
    owner: &str,
    body: &AskShareCode,
) -> Result<Done<Rendered<ShareCode>>, Problem> {
    let customer_id = Customer::id_in(owner).ok_or_else(|| {
        Problem::new(Code::ScopeMissing)
            .detail("a customer's session is needed: guests are rewarded with nothing")
    })?;
    let input = json!({
        "promotion_id": body.promotion_id, "customer_id": customer_id, "code": promotions::made(ports),
    });
    match Shop::new(ports).apply(&sql::SHARE_CODE_PUT, &input)? {
        Ok(code) => Ok(Done::new(Rendered::new(code))),
        Err(refusal) => Err(refused(refusal)),
    }
}
