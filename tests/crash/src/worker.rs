//! The crash proof of workers: what a broken request has left is mended by a worker that is broken
//! too.

use e2e::{Settings, Shop, unique};
use serde_json::{Value, json};

use crate::{
    case::{Case, Stage},
    control::{Fault, Run},
    judge::End,
    proof::{Proof, Weather, caught},
    settle::{
        WORKERS, close_breakers, in_parallel, run_workers, settle, settle_until_quiet,
        without_lease, worker,
    },
    table::{Seed, size},
};

/// Work for one worker, as a broken request leaves it.
struct Work {
    name: &'static str,
    worker: &'static str,
    case: Case,
    /// The fault that stops the request where this work begins.
    left_by: fn() -> Option<Value>,
    /// How far the clock goes before the worker comes.
    after_ms: i64,
    ends: &'static [End],
    /// What else must be there in the end.
    leaves: fn(&Stage<'_>),
}

/// Nothing but the end itself.
const NOTHING_ELSE: fn(&Stage<'_>) = |_| {};

fn outbound(number: usize, fault: &str) -> Option<Value> {
    Some(json!({ "kind": "outbound", "call": number, "fault": fault }))
}

const PAST_LEASE_MS: i64 = 130_000;
const PAST_RESERVATION_MS: i64 = 16 * 60_000;
const PAST_PENDING_MS: i64 = 31 * 60_000;
/// Past the wait of a rule that gives at once.
const PAST_WAIT_MS: i64 = 11 * 60_000;

/// How many kinds of work the workers have.
pub const WORKS: usize = KINDS.len();

/// Every worker with every kind of work it has.
const KINDS: [Work; 15] = [
    Work {
        name: "saga-recovery: authorized, no order",
        worker: "saga-recovery",
        case: Case::Confirm,
        left_by: || outbound(1, "stop_after"),
        after_ms: PAST_LEASE_MS,
        ends: &[End::Paid],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "saga-recovery: ordered, not captured",
        worker: "saga-recovery",
        case: Case::Confirm,
        left_by: || outbound(2, "stop_before"),
        after_ms: PAST_LEASE_MS,
        ends: &[End::Paid],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "saga-recovery: too late for an order",
        worker: "saga-recovery",
        case: Case::Confirm,
        left_by: || outbound(1, "stop_after"),
        after_ms: PAST_RESERVATION_MS,
        ends: &[End::NothingHeld],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "compensation-retry: a refund",
        worker: "compensation-retry",
        case: Case::CancelCaptured,
        left_by: || outbound(1, "stop_before"),
        after_ms: PAST_LEASE_MS,
        ends: &[End::Cancelled],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "compensation-retry: a refund that pends",
        worker: "compensation-retry",
        case: Case::CancelRefundPends,
        left_by: || outbound(1, "stop_after"),
        after_ms: PAST_LEASE_MS,
        ends: &[End::Cancelled],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "compensation-retry: a void",
        worker: "compensation-retry",
        case: Case::ConfirmGoesBack,
        left_by: || outbound(2, "stop_before"),
        after_ms: PAST_LEASE_MS,
        ends: &[End::NothingHeld],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "compensation-retry: a superseded payment",
        worker: "compensation-retry",
        case: Case::ConfirmInstead,
        left_by: || outbound(1, "stop_before"),
        after_ms: PAST_LEASE_MS,
        ends: &[End::Paid],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "reservation-cleanup: after a decline",
        worker: "reservation-cleanup",
        case: Case::ConfirmDeclined,
        left_by: || None,
        after_ms: PAST_RESERVATION_MS,
        ends: &[End::NothingHeld],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "outbox-relay: an order's events",
        worker: "outbox-relay",
        case: Case::Confirm,
        left_by: || None,
        after_ms: 0,
        ends: &[End::Paid],
        leaves: NOTHING_ELSE,
    },
    Work {
        name: "outbox-relay: an order's events to a receiver",
        worker: "outbox-relay",
        case: Case::Confirm,
        left_by: || None,
        after_ms: 0,
        ends: &[End::Paid],
        leaves: told_the_receiver,
    },
    Work {
        name: "reward-grant: an order's points",
        worker: "reward-grant",
        case: Case::Confirm,
        left_by: || None,
        after_ms: PAST_WAIT_MS,
        ends: &[End::Paid],
        leaves: |stage| rewarded(stage, "given"),
    },
    Work {
        name: "reward-grant: a cancelled order's points",
        worker: "reward-grant",
        case: Case::CancelCaptured,
        left_by: || None,
        after_ms: 0,
        ends: &[End::Cancelled],
        leaves: |stage| rewarded(stage, "taken_back"),
    },
    Work {
        name: "inbox-work: a warehouse has sent an order",
        worker: "inbox-work",
        case: Case::Confirm,
        left_by: || None,
        after_ms: 0,
        ends: &[End::Paid],
        leaves: |stage| worked(stage, "shipped"),
    },
    Work {
        name: "inbox-work: a warehouse cannot send an order",
        worker: "inbox-work",
        case: Case::Confirm,
        left_by: || None,
        after_ms: 0,
        ends: &[End::Cancelled],
        leaves: |stage| worked(stage, "cancelled"),
    },
    Work {
        name: "unpaid-orders: an order that nobody pays",
        worker: "unpaid-orders",
        case: Case::Confirm,
        left_by: || None,
        after_ms: PAST_PENDING_MS,
        ends: &[End::Cancelled],
        leaves: NOTHING_ELSE,
    },
];

/// Orders may be paid elsewhere, for nothing more.
fn is_paid_elsewhere(shop: &Shop) {
    let fee = json!({
        "kind": "external", "name": "Bank transfer", "amount_minor": 0, "tax_class": "standard", "active": true,
    });
    let put = shop.admin("PUT", "/api/v1/catalog/fees/USD/crash-external").json(&fee);
    put.send().expect(200);
}

/// A warehouse tells where it is with the stage's order.
fn told(stage: &Stage<'_>, status: &str) {
    let shop = stage.buyer.shop;
    let order_id = stage.buyer.order_rows()[0]["order_id"].clone();
    let event = json!({
        "specversion": "1.0", "id": unique("told-"), "source": "/crash", "type": "fulfillments.fulfillment.status_changed",
        "data": { "order_id": order_id, "status": status },
    });
    let call = shop.call("POST", "/api/v1/events").bearer(&shop.token("events:publish"));
    let call = call.header("content-type", "application/cloudevents+json");
    call.body(event.to_string()).send().expect(202);
}

/// What the warehouse told is done, once.
fn worked(stage: &Stage<'_>, status: &str) {
    let order = &stage.buyer.order_rows()[0];
    let order_id = order["order_id"].as_str().unwrap_or_default();
    let told = stage.buyer.shop.rows("inbox", "reference", order_id);
    let [event] = told.as_slice() else { panic!("not one event of {order_id}: {told:?}") };
    assert_eq!(event["state"], "done", "{event}");
    let history = stage.buyer.shop.rows("order_history", "order_id", order_id);
    let times = history.iter().filter(|it| it["to_status"] == status).count();
    assert_eq!(times, 1, "{history:?}");
}

/// A receiver of all events beside the sink.
fn has_a_receiver(shop: &Shop) {
    let url = format!("{}/sink/crash", Settings::get().simulator_url);
    let call = shop.call("PUT", "/api/v1/receivers/crash").bearer(&shop.token("events:write"));
    call.json(&json!({ "url": url, "types": [], "active": true })).send().expect(200);
}

/// Every event of the order has come to the receiver, none before an earlier one had.
fn told_the_receiver(stage: &Stage<'_>) {
    let shop = stage.buyer.shop;
    let order = &stage.buyer.order_rows()[0];
    let subject = format!("order/{}", order["order_id"].as_str().unwrap_or_default());
    let written: Vec<Value> = shop
        .rows("outbox", "aggregate", &subject)
        .iter()
        .map(|row| row["event_id"].clone())
        .collect();
    let (mut arrived, mut since): (Vec<Value>, Value) = (Vec::new(), json!(0));
    loop {
        let page = shop.simulator("GET", &format!("/sink/crash?since={since}")).send().expect(200);
        let arrivals = page["arrivals"].as_array().cloned().unwrap_or_default();
        let Some(last) = arrivals.last() else { break };
        since = last["position"].clone();
        for arrival in arrivals.iter().filter(|it| it["event"]["subject"] == subject.as_str()) {
            let id = arrival["event"]["id"].clone();
            if !arrived.contains(&id) {
                arrived.push(id);
            }
        }
    }
    assert!(
        !written.is_empty() && arrived == written,
        "{written:?} were written, {arrived:?} arrived"
    );
    let rows = shop.rows("delivery", "aggregate", &subject);
    assert!(
        rows.len() == written.len() && rows.iter().all(|row| row["state"] == "published"),
        "{rows:?}"
    );
}

/// A rule by which every order of a customer earns at once.
fn rewards_orders(shop: &Shop) {
    let rule = json!({ "name": "Points", "when": "each_order", "gives": { "fixed_points": { "points": 5 } }, "after_days": 0 });
    let call = shop.call("PUT", "/api/v1/rewards/crash").bearer(&shop.token("promotions:write"));
    call.json(&json!({ "active": true, "rule": rule })).send().expect(200);
}

/// The one order has one reward, and it is where it should be.
fn rewarded(stage: &Stage<'_>, state: &str) {
    let order = &stage.buyer.order_rows()[0];
    let order_id = order["order_id"].as_str().unwrap_or_default();
    let rewards = stage.buyer.shop.rows("reward", "order_id", order_id);
    let [reward] = rewards.as_slice() else { panic!("not one reward of {order_id}: {rewards:?}") };
    assert_eq!(reward["state"], state, "{reward}");
    let account_id = reward["account_id"].as_str().unwrap_or_default();
    let balance = if state == "given" { 5 } else { 0 };
    let account = &stage.buyer.shop.rows("account", "account_id", account_id)[0];
    assert_eq!(account["balance_minor"], balance, "{account}");
}

impl Work {
    /// The workers that come after it. The relay has its turn in the end, unless it is the one
    /// under proof.
    fn menders(&self) -> &'static [&'static str] {
        match self.worker {
            "outbox-relay" => &WORKERS[3..],
            "reward-grant" => &["reward-grant"],
            "unpaid-orders" => &["unpaid-orders"],
            "inbox-work" => {
                &["inbox-work", "saga-recovery", "compensation-retry", "reservation-cleanup"]
            }
            _ => &WORKERS[..3],
        }
    }

    /// A buyer whose request was broken, and the moment at which the worker comes.
    fn leave<'s>(&self, shop: &'s Shop) -> Stage<'s> {
        close_breakers(shop);
        let mut stage = if self.worker == "reward-grant" {
            rewards_orders(shop);
            let customer = shop.customer_called(&unique("customer-"), "USD");
            self.case.prepare_for(shop, customer)
        } else {
            self.case.prepare(shop)
        };
        if self.worker == "reward-grant" && self.case == Case::CancelCaptured {
            // Their order has earned what it did, and is cancelled after that.
            shop.advance_ms(PAST_WAIT_MS);
            run_workers(&["reward-grant"], true);
        }
        if self.name.ends_with("to a receiver") {
            has_a_receiver(shop);
        }
        if self.worker == "outbox-relay" {
            // What came before is told already, so that the run is about this work alone.
            run_workers(&["outbox-relay"], true);
        }
        if self.worker == "unpaid-orders" {
            is_paid_elsewhere(shop);
            stage.call = stage.call.json(&json!({ "payment_method": "external" }));
        }
        let plans: Vec<Value> = (self.left_by)().into_iter().collect();
        let (_, run) = Run::of(&stage.call, &plans);
        assert_eq!(
            run.struck().is_some(),
            !plans.is_empty(),
            "{}: the request was not stopped",
            self.name
        );
        if self.worker == "inbox-work" {
            told(&stage, if self.ends.contains(&End::Paid) { "shipped" } else { "cancelled" });
        }
        if self.after_ms > 0 {
            shop.advance_ms(self.after_ms);
        }
        stage
    }
}

/// Breaks a worker at every host call in every way, over one of its [`WORKS`] kinds of work.
///
/// # Panics
/// When it does not do that work unbroken.
pub fn workers(shop: &Shop, number: usize, proof: &mut Proof) {
    let work = &KINDS[number];
    let whole = work.leave(shop);
    let (reply, run) = Run::of(&worker(work.worker), &[]);
    let report = reply.unwrap_or_else(|| panic!("{}: no report", work.name)).expect(200);
    assert!(
        report["taken"].as_i64().is_some_and(|taken| taken >= 1),
        "{}: there was nothing to do: {report}",
        work.name
    );
    settle_until_quiet(shop);
    assert!(work.ends.contains(&whole.judge()), "{}: not well unbroken", work.name);
    (work.leaves)(&whole);

    let mut stages: Vec<(Stage<'_>, String)> = Vec::new();
    let calls = run.calls();
    proof.tally(work.name).calls = calls.len();
    for (position, (kind, label)) in calls.iter().enumerate() {
        for fault in Fault::tried_at(position, kind) {
            let told = format!("host call {} ({kind} {label}) {fault}", position + 1);
            let broken = caught(|| {
                let stage = work.leave(shop);
                let struck =
                    Run::of(&worker(work.worker), &[fault.at(position + 1)]).1.struck().is_some();
                settle(shop, work.menders());
                (stage, struck)
            });
            match broken {
                Ok((stage, true)) => stages.push((stage, told)),
                Ok((_, false)) => {}
                Err(wrong) if wrong.contains("knows no such fault") => {}
                Err(wrong) => proof.came_to(work.name, &told, Err(wrong)),
            }
        }
    }
    judge(
        shop,
        work.name,
        stages.iter().map(|(stage, told)| (stage, told.as_str(), work.ends)).collect(),
        work.leaves,
        proof,
    );
}

/// Draws a call and a fault for a request, and then for the worker that comes after it, and for the
/// next one.
pub fn pairs(shop: &Shop, seed: &mut Seed, proof: &mut Proof) {
    const NAME: &str = "pairs";
    const REQUESTS: [(Case, &[End]); 6] = [
        (Case::Confirm, &[End::Paid, End::NothingHeld]),
        (Case::ConfirmCaptureFails, &[End::Paid, End::NothingHeld]),
        (Case::ConfirmGoesBack, &[End::NothingHeld]),
        (Case::ConfirmAfterAction, &[End::Paid, End::NothingHeld]),
        (Case::ConfirmInstead, &[End::Paid, End::NothingHeld]),
        (Case::CancelCaptured, &[End::Cancelled, End::Paid]),
    ];
    /// As many calls as the longest of them makes.
    const CALLS: usize = 24;
    let draw = |seed: &mut Seed, faults: &[Fault]| {
        let fault = faults[seed.below(faults.len())];
        fault.at(1 + seed.below(CALLS))
    };
    let mut stages: Vec<(Stage<'_>, String, &'static [End])> = Vec::new();
    for _ in 0..size("EDGETILL_CRASH_PAIRS") {
        let (case, ends) = REQUESTS[seed.below(REQUESTS.len())];
        // A response that cannot fail is the one call a random failure must not meet.
        let faults = &Fault::ALL[..3];
        let first = draw(seed, faults);
        let crashes: Vec<(&str, Value)> = (0..2)
            .map(|_| {
                (
                    ["saga-recovery", "compensation-retry", "outbox-relay"][seed.below(3)],
                    draw(seed, faults),
                )
            })
            .collect();
        let then: Vec<String> =
            crashes.iter().map(|(name, plan)| format!("{name} {plan}")).collect();
        let weather = Weather::ALL[usize::from(seed.below(3) == 0)];
        let told = format!("{} {first}, then {}", weather.name_of(case), then.join(", then "));
        let late = seed.below(4) == 0;
        let broken = caught(|| {
            close_breakers(shop);
            let stage = case.prepare(shop);
            weather.begins(shop);
            let mut struck = Run::of(&stage.call, &[first]).1.struck().is_some();
            shop.advance_ms(if late { PAST_RESERVATION_MS } else { PAST_LEASE_MS });
            for (name, plan) in crashes {
                struck |= Run::of(&worker(name), &[without_lease(), plan]).1.struck().is_some();
                shop.advance_ms(PAST_LEASE_MS);
            }
            weather.ends(shop);
            settle(shop, &WORKERS);
            (stage, struck)
        });
        match broken {
            Ok((stage, true)) => stages.push((stage, told, ends)),
            Ok((_, false)) => {}
            Err(wrong) => proof.came_to(NAME, &told, Err(wrong)),
        }
    }
    judge(
        shop,
        NAME,
        stages.iter().map(|(stage, told, ends)| (stage, told.as_str(), *ends)).collect(),
        NOTHING_ELSE,
        proof,
    );
}

fn judge(
    shop: &Shop,
    name: &str,
    stages: Vec<(&Stage<'_>, &str, &'static [End])>,
    leaves: fn(&Stage<'_>),
    proof: &mut Proof,
) {
    if let Err(wrong) = caught(|| settle_until_quiet(shop)) {
        proof.came_to(name, "afterwards", Err(wrong));
    }
    let ends = in_parallel(&stages, |(stage, _, allowed)| {
        let end = caught(|| stage.judge())?;
        if !allowed.contains(&end) {
            return Err(format!("{end} is no end of this"));
        }
        caught(|| leaves(stage))?;
        caught(|| stage.check_future(end))?;
        Ok(end)
    });
    for ((_, told, _), end) in stages.iter().zip(ends) {
        proof.came_to(name, told, end);
    }
    proof.audit(shop, name);
}
