//! `reward-grant`: what orders earn is given once their time has come, and what cancelled ones have
//! given is taken back (PROMO-10, PROMO-11).
//!
//! Each rule looks at the orders one after another, and its row says up to which it has. The
//! statement that gives moves that on, and refuses if it is not where it was read: so of two runs
//! one gives, and one that is stopped anywhere is gone on with. What a rule counts is read anew
//! after it has given to somebody, before it looks at another order of theirs.

use super::{Deadline, Report, lease::leased};
use crate::{
    events::{AccountChanged, AccountOpened, Event, RewardGranted, RewardTakenBack},
    promotions,
    shop::Shop,
};
use config::{REWARD_GRANT, WORKER_BATCH};
use domain::{
    ids::{AccountId, CustomerId, GrantId, OrderId, PromotionId, RewardId},
    promotion::Code as PromotionCode,
    reward::{Given, Milestone, OrderFacts, RewardName, Rule},
    stored_value::{AccountKind, BALANCE_MAX, EntryKind},
};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::{Refusal, sql};
use terms::Problem;

/// Rules that one run looks through at most: one that has nothing due costs a read.
const RULES_MAX: i64 = 1_000;

/// Who gives, in the ledger.
const ACTOR: &str = "worker:reward-grant";

#[derive(Deserialize)]
struct RuleRow {
    reward_id: RewardId,
    version: i64,
    rule: Rule,
    walked_to: String,
}

#[derive(Deserialize)]
struct OrderRow {
    order_id: OrderId,
    is_due: bool,
    #[serde(flatten)]
    facts: OrderFacts,
}

#[derive(Deserialize)]
struct OwedRow {
    grant_id: GrantId,
    reward_id: RewardId,
    order_id: OrderId,
    customer_id: CustomerId,
    /// Where its points are; none for another reward.
    account_id: Option<AccountId>,
    /// How many of them are there and not held.
    there: Option<i64>,
}

#[derive(Deserialize)]
struct PointsAccount {
    account_id: AccountId,
}

#[derive(Deserialize)]
struct Walked {
    walked_to: String,
}

/// How a rule went on with an order.
enum Step {
    /// It has given.
    Gave(String),
    /// It cannot give for this order, and never will.
    Passed,
    /// Somebody else has moved something: the next run sees what.
    Overtaken,
    /// It waits until the shop has done something about it.
    Stuck,
}

/// One run.
///
/// # Errors
/// What the database refuses.
pub async fn reward_grant(ports: &Ports<'_>) -> Result<Report, Problem> {
    leased(ports, REWARD_GRANT, async |shop| {
        let deadline = Deadline::from_now(shop)?;
        let batch = shop.setting(&WORKER_BATCH)?;
        let mut report = Report::default();
        take_back(shop, &deadline, batch, &mut report)?;
        let rules: Vec<RuleRow> =
            shop.list(&sql::REWARD_RULES_DUE, &json!({ "limit": RULES_MAX }))?;
        for rule in rules {
            if deadline.has_passed() {
                break;
            }
            walk(shop, &deadline, batch, rule, &mut report)?;
        }
        Ok(report)
    })
    .await
}

fn take_back(
    shop: &Shop<'_>,
    deadline: &Deadline<'_>,
    batch: i64,
    report: &mut Report,
) -> Result<(), Problem> {
    let owed: Vec<OwedRow> = shop.list(&sql::REWARDS_OWED, &json!({ "limit": batch }))?;
    for OwedRow { grant_id, reward_id, order_id, customer_id, account_id, there } in owed {
        if deadline.has_passed() {
            break;
        }
        let taken = RewardTakenBack {
            grant_id: &grant_id,
            reward_id: &reward_id,
            order_id: &order_id,
            customer_id: &customer_id,
            taken_points: there,
        };
        let changed =
            account_id.as_ref().zip(there.filter(|there| *there > 0)).map(|(account_id, there)| {
                let changed = AccountChanged {
                    account_id,
                    kind: AccountKind::Points,
                    entry: EntryKind::TakenBack,
                    amount_minor: there.saturating_neg(),
                    customer_id: Some(customer_id.clone()),
                    currency: None,
                };
                Event::of(shop, &changed)
            });
        let events: Vec<Event> = changed.into_iter().chain([Event::of(shop, &taken)]).collect();
        let input = json!({
            "grant_id": grant_id, "taken_points": there, "actor": ACTOR, "events": events,
        });
        report.taken = report.taken.saturating_add(1);
        // Where the balance has moved since it was read, the next run takes what is there then.
        let count = match shop.apply::<Value>(&sql::REWARD_TAKE_BACK, &input)? {
            Ok(_) => &mut report.done,
            Err(_) => &mut report.retried,
        };
        *count = count.saturating_add(1);
    }
    Ok(())
}

/// A rule looks at its next orders, until one is not due yet.
fn walk(
    shop: &Shop<'_>,
    deadline: &Deadline<'_>,
    batch: i64,
    mut rule: RuleRow,
    report: &mut Report,
) -> Result<(), Problem> {
    let mut after = rule.walked_to.clone();
    let mut left = batch;
    'reading: while left > 0 {
        let orders = orders(shop, &rule, &after, left)?;
        let whole = i64::try_from(orders.len()).unwrap_or(i64::MAX) == left;
        let mut rewarded: Vec<CustomerId> = Vec::new();
        for order in orders {
            if !order.is_due || deadline.has_passed() {
                break 'reading;
            }
            if let Some((customer_id, given)) = rule.rule.gives(&order.facts) {
                // What was read of this customer's orders is from before.
                if rewarded.contains(customer_id) {
                    continue 'reading;
                }
                report.taken = report.taken.saturating_add(1);
                match give(shop, &rule, &order.order_id, customer_id, given)? {
                    Step::Gave(walked_to) => {
                        report.done = report.done.saturating_add(1);
                        rewarded.push(customer_id.clone());
                        rule.walked_to = walked_to;
                    }
                    Step::Passed => report.dead = report.dead.saturating_add(1),
                    Step::Overtaken => return Ok(()),
                    Step::Stuck => {
                        report.retried = report.retried.saturating_add(1);
                        break 'reading;
                    }
                }
            }
            after = order.order_id.as_str().to_owned();
            left = left.saturating_sub(1);
        }
        if !whole {
            break;
        }
    }
    if after == rule.walked_to {
        return Ok(());
    }
    let input = json!({
        "reward_id": rule.reward_id, "version": rule.version, "walked_from": rule.walked_to, "walked_to": after,
    });
    // Whoever was faster has looked at them too.
    shop.apply::<Value>(&sql::REWARD_WALK, &input).map(drop)
}

fn orders(
    shop: &Shop<'_>,
    row: &RuleRow,
    after: &str,
    limit: i64,
) -> Result<Vec<OrderRow>, Problem> {
    let milestone = row.rule.milestone();
    let input = json!({
        "reward_id": row.reward_id, "after": after, "wait_ms": row.rule.wait_ms(), "limit": limit, "shared": row.rule.shared(),
        "count": milestone.map(|it| it.count), "window_ms": milestone.map(Milestone::window_ms),
    });
    shop.list(&sql::REWARD_ORDERS, &input)
}

/// What one reward is, beside whose.
#[derive(Default)]
struct Gift<'a> {
    points: Option<i64>,
    account_id: Option<AccountId>,
    opens: Option<bool>,
    code: Option<PromotionCode>,
    promotion_id: Option<&'a PromotionId>,
    badge: Option<&'a RewardName>,
}

impl<'a> Gift<'a> {
    fn of(shop: &Shop<'_>, customer_id: &CustomerId, given: Given<'a>) -> Result<Self, Problem> {
        Ok(match given {
            Given::Points(points) => {
                let input = json!({ "customer_id": customer_id });
                let account: Option<PointsAccount> = shop.read(&sql::POINTS_ACCOUNT, &input)?;
                let opens = account.is_none().then_some(true);
                let account_id = match account {
                    Some(PointsAccount { account_id }) => account_id,
                    None => shop.new_id()?,
                };
                Self {
                    points: Some(points),
                    account_id: Some(account_id),
                    opens,
                    ..Self::default()
                }
            }
            Given::Code(promotion_id) => {
                let code = PromotionCode::try_from(promotions::made(shop.ports))
                    .map_err(|_| Problem::internal("a made code is none"))?;
                Self { code: Some(code), promotion_id: Some(promotion_id), ..Self::default() }
            }
            Given::Badge(badge) => Self { badge: Some(badge), ..Self::default() },
        })
    }

    /// The account is told of as by whoever else changes it.
    fn events_of_account(&self, shop: &Shop<'_>, customer_id: &CustomerId) -> Vec<Event> {
        let (Some(account_id), Some(points)) = (&self.account_id, self.points) else {
            return Vec::new();
        };
        let opened = self.opens.map(|_| {
            let kind = AccountKind::Points;
            let customer_id = Some(customer_id.clone());
            let opened =
                AccountOpened { account_id, kind, balance_minor: 0, customer_id, currency: None };
            Event::of(shop, &opened)
        });
        let changed = AccountChanged {
            account_id,
            kind: AccountKind::Points,
            entry: EntryKind::Earned,
            amount_minor: points,
            customer_id: Some(customer_id.clone()),
            currency: None,
        };
        opened.into_iter().chain([Event::of(shop, &changed)]).collect()
    }
}

fn give(
    shop: &Shop<'_>,
    row: &RuleRow,
    order_id: &OrderId,
    customer_id: &CustomerId,
    given: Given<'_>,
) -> Result<Step, Problem> {
    let RuleRow { reward_id, version, walked_to, .. } = row;
    let gift = Gift::of(shop, customer_id, given)?;
    let grant_id: GrantId = shop.new_id()?;
    let granted = RewardGranted {
        grant_id: &grant_id,
        reward_id,
        order_id,
        customer_id,
        version: *version,
        points: gift.points,
        code: gift.code.clone(),
        badge: gift.badge.cloned(),
    };
    let mut events = gift.events_of_account(shop, customer_id);
    events.push(Event::of(shop, &granted));
    let Gift { points, account_id, opens, code, promotion_id, badge } = &gift;
    let input = json!({
        "grant_id": grant_id, "reward_id": reward_id, "version": version, "walked_from": walked_to, "order_id": order_id,
        "customer_id": customer_id, "points": points, "account_id": account_id, "opens": opens, "code": code,
        "promotion_id": promotion_id, "badge": badge, "limit_minor": BALANCE_MAX, "actor": ACTOR, "events": events,
    });
    let refusal = match shop.apply::<Walked>(&sql::REWARD_GIVE, &input)? {
        Ok(Walked { walked_to }) => return Ok(Step::Gave(walked_to)),
        Err(refusal) => refusal,
    };
    if refusal == Refusal::PromotionEnded {
        let alert_id = format!("reward_promotion_ended:{reward_id}");
        shop.alert(
            &alert_id,
            "a rule of rewards gives codes of a promotion that has ended: let the promotion run, or end the rule",
        );
        return Ok(Step::Stuck);
    }
    if refusal == Refusal::BalanceTooHigh {
        let alert_id = format!("reward_not_given:{reward_id}:{order_id}");
        shop.alert(&alert_id, "the customer has as many points as an account may have");
        return Ok(Step::Passed);
    }
    Ok(Step::Overtaken)
}
