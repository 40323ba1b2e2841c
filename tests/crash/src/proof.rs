//! The crash proof of requests: every host call, every fault, the buyer patient or not.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use e2e::{Reply, Shop};
use serde_json::json;

use crate::{
    case::{Case, Stage},
    control::{Fault, Run},
    judge::End,
    settle::{WORKERS, in_parallel, settle_until_quiet, workers_in_the_storm},
    table::{Tally, size},
};

/// What has been tried so far.
#[derive(Debug, Default)]
pub struct Proof {
    pub(crate) tallies: BTreeMap<String, Tally>,
    order: Vec<String>,
    failures: Vec<String>,
}

/// What the shop stands in while a request is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// The provider does what it is asked.
    Calm,
    /// The provider refuses our key, until somebody has put it right.
    KeyRefused,
}

impl Weather {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Calm, Self::KeyRefused];

    /// The name of a case in it.
    #[must_use]
    pub fn name_of(self, case: Case) -> String {
        match self {
            Self::Calm => case.name().to_owned(),
            Self::KeyRefused => format!("{}, key refused", case.name()),
        }
    }

    /// Whether it is another case in it.
    #[must_use]
    pub fn matters_to(self, case: Case) -> bool {
        match self {
            Self::Calm => true,
            Self::KeyRefused => case.asks_the_provider(),
        }
    }

    /// From now on.
    ///
    /// # Panics
    /// When the provider cannot be told.
    pub fn begins(self, shop: &Shop) {
        let standing = match self {
            Self::Calm => return,
            Self::KeyRefused => json!({ "api_key": "sk_test_another" }),
        };
        shop.simulator("PUT", "/provider").json(&standing).send().expect(204);
    }

    /// Over, and it has rained on the workers once.
    ///
    /// # Panics
    /// When the provider cannot be told.
    pub fn ends(self, shop: &Shop) {
        match self {
            Self::Calm => {}
            Self::KeyRefused => {
                // The workers meet it too, and give nothing up for it.
                shop.advance_ms(130_000);
                workers_in_the_storm(&WORKERS);
                drop(shop.simulator("PUT", "/provider").json(&json!({})).send().expect(204));
            }
        }
    }
}

/// One broken request.
struct Fired<'s> {
    stage: Stage<'s>,
    /// What was done, to be read by whoever has to do it again.
    told: String,
    retries_at_once: bool,
    struck: bool,
    first: Option<Reply>,
}

impl Proof {
    /// A point that was tried, and its end or what is wrong with it.
    pub(crate) fn came_to(&mut self, case: &str, told: &str, end: Result<End, String>) {
        let tally = self.tally(case);
        tally.points += 1;
        match end {
            Ok(end) => *tally.ends.entry(end).or_default() += 1,
            Err(wrong) => self.failures.push(format!("{case}: {told}: {wrong}")),
        }
    }

    pub(crate) fn tally(&mut self, case: &str) -> &mut Tally {
        if !self.tallies.contains_key(case) {
            self.order.push(case.to_owned());
        }
        self.tallies.entry(case.to_owned()).or_default()
    }

    /// A part of the proof; what it panics with is a failure of the whole part.
    pub fn part(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        if let Err(wrong) = caught(|| work(self)) {
            self.failures.push(format!("{name}: {wrong}"));
        }
    }

    /// What is wrong with the shop as a whole.
    pub(crate) fn audit(&mut self, shop: &Shop, case: &str) {
        let violations = shop.violations();
        if !violations.is_empty() {
            self.failures.push(format!("{case}: the audit found {violations:#?}"));
        }
    }

    /// Prints the table and the failures; whether there are none.
    #[must_use]
    pub fn tell(&self, title: &str, begun: Instant) -> bool {
        println!("\n{title}\n  {:<44} {:>5} {:>6}  ends", "", "calls", "points");
        for name in &self.order {
            let Some(Tally { calls, points, ends }) = self.tallies.get(name) else { continue };
            let ends: Vec<String> =
                ends.iter().map(|(end, times)| format!("{end} {times}")).collect();
            println!("  {name:<44} {calls:>5} {points:>6}  {}", ends.join(", "));
        }
        let points: usize = self.tallies.values().map(|tally| tally.points).sum();
        println!(
            "  {points} points in {} s, {} failures",
            begun.elapsed().as_secs(),
            self.failures.len()
        );
        for failure in self.failures.iter().take(20) {
            println!("\nFAILED {failure}");
        }
        self.failures.is_empty()
    }
}

/// What `work` came to.
///
/// # Errors
/// What it panicked with.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()
    })
}

/// Breaks `case` at every host call in every way, in this weather.
///
/// # Panics
/// When it does not work unbroken.
pub fn requests(shop: &Shop, case: Case, weather: Weather, proof: &mut Proof) {
    let name = &*weather.name_of(case);
    let whole = case.prepare(shop);
    case.ripen(shop);
    weather.begins(shop);
    let (reply, run) = Run::of(&whole.call, &[]);
    let calls = run.calls();
    weather.ends(shop);
    assert!(
        reply.is_some_and(|reply| reply.status != 500) && calls.len() >= 2,
        "{name} does not work unbroken"
    );
    settle_until_quiet(shop);
    let (end, right) = (whole.judge(), case.end_after_retry());
    assert!(
        end == right || weather != Weather::Calm && case.ends().contains(&end),
        "{name} does not end well unbroken: {end}"
    );

    let (mut points, both) = (Vec::new(), size("EDGETILL_CRASH_BUYERS") > 1);
    for (position, (kind, label)) in calls.iter().enumerate() {
        for fault in Fault::tried_at(position, kind) {
            // Patient and impatient buyers take turns, over the calls and over the faults; or each
            // point has both.
            let patient =
                (position + usize::from(matches!(fault, Fault::StopAfter | Fault::Fail))) % 2 == 0;
            for retries_at_once in
                [false, true].into_iter().filter(|at_once| both || *at_once != patient)
            {
                points.push((position + 1, format!("{kind} {label}"), fault, retries_at_once));
            }
        }
    }
    proof.tally(name).calls = calls.len();
    let stages = in_parallel(&points, |_| caught(|| case.prepare(shop)));
    case.ripen(shop);
    let mut fired = Vec::new();
    let prepared: Vec<_> = points
        .iter()
        .zip(stages)
        .map(|(point, stage)| (point, stage.unwrap_or_else(|wrong| panic!("{wrong}"))))
        .collect();
    weather.begins(shop);
    let answers = in_parallel(&prepared, |((number, _, fault, _), stage)| {
        caught(|| Run::of(&stage.call, &[fault.at(*number)]))
    });
    for (((number, label, fault, retries_at_once), stage), answer) in
        prepared.into_iter().zip(answers)
    {
        let then =
            if *retries_at_once { "the buyer asks again at once" } else { "the buyer waits" };
        let told = format!("host call {number} ({label}) {fault}; {then}");
        match answer {
            Ok((first, run)) => fired.push(Fired {
                stage,
                told,
                retries_at_once: *retries_at_once,
                struck: run.struck().is_some(),
                first,
            }),
            // The calls came in another order than in the run that was measured; that call has its
            // own point.
            Err(wrong) if wrong.contains("knows no such fault") => {}
            Err(wrong) => proof.came_to(name, &told, Err(wrong)),
        }
    }
    fired.retain(|one| one.struck);
    weather.ends(shop);

    // The impatient come back when a driver's lease is over, before any worker.
    shop.advance_ms(61_000);
    let again =
        in_parallel(&fired, |one| one.retries_at_once.then(|| caught(|| one.stage.ask_again())));
    settle(shop, proof, name);
    let ends = in_parallel(&fired, |one| caught(|| one.stage.judge()));
    // The patient come back now; and everybody's answer is checked.
    let checked = in_parallel(
        &fired.iter().zip(again).zip(ends).collect::<Vec<_>>(),
        |((one, again), end)| check(one, again.as_ref(), end),
    );
    settle(shop, proof, name);
    for (one, end) in fired.iter().zip(checked) {
        let first =
            one.first.as_ref().map_or("no reply".to_owned(), |reply| reply.status.to_string());
        let last = caught(|| one.stage.judge());
        let end = end.and_then(|end| match last {
            Ok(End::Paid) if end == End::NothingHeld => Ok(end),
            // Asked anew, they have to act anew.
            Ok(End::NothingHeld) if end == End::NothingHeld && case == Case::ConfirmAfterAction => {
                Ok(end)
            }
            Ok(last) if last == case.end_after_retry() => Ok(end),
            Ok(last) => Err(format!("after asking again: {last}")),
            Err(wrong) => Err(format!("after asking again: {wrong}")),
        });
        proof.came_to(name, &format!("{}; first answer: {first}", one.told), end);
    }
    proof.audit(shop, name);
}

fn settle(shop: &Shop, proof: &mut Proof, name: &str) {
    if let Err(wrong) = caught(|| settle_until_quiet(shop)) {
        proof.came_to(name, "afterwards", Err(wrong));
    }
}

/// The end is among those allowed, and the buyer's second answer fits it.
fn check(
    one: &Fired<'_>,
    again: Option<&Result<Reply, String>>,
    end: &Result<End, String>,
) -> Result<End, String> {
    let (case, end) = (one.stage.case, *end.as_ref().map_err(Clone::clone)?);
    let told = |wrong: String| format!("{end}, and then: {wrong}");
    if let Some(reply) = again {
        let reply = reply.as_ref().map_err(|wrong| told(wrong.clone()))?;
        if end != case.end_after_retry() && reply.is_success() {
            return Err(format!("answered {} and yet {end}", reply.status));
        }
        caught(|| one.stage.check_answer(reply, None)).map_err(told)?;
    } else {
        if !case.ends().contains(&end) {
            return Err(format!("{end} is no end of this"));
        }
        let first_said_yes = one.first.as_ref().is_some_and(Reply::is_success);
        if first_said_yes && end != case.end_after_retry() {
            return Err(format!("the buyer was told that it was done, and it is {end}"));
        }
        let reply = caught(|| one.stage.ask_again()).map_err(told)?;
        caught(|| one.stage.check_answer(&reply, Some(end))).map_err(told)?;
    }
    // Who was asked to act again holds their cart until they do.
    if case.end_after_retry() == End::NothingHeld
        && (case != Case::ConfirmNeedsAction || again.is_some())
    {
        caught(|| one.stage.check_future(end)).map_err(told)?;
    }
    Ok(end)
}
