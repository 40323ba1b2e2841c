//! How the provider as a whole fares: away, under another key, at chance's mercy, behind with its
//! search, later than it is.
//!
//! A fault ([`crate::faults`]) is about some calls; this is about all of them, until it is told
//! otherwise. Its clock is its own: tests that move the shop's move this one too, and keys are
//! forgotten by it.

use edge::{Code, Problem, Reply, Request};
use ports::Ports;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    faults::{Fault, Operation, bounded},
    ledger::{Books, decode},
};

/// A key is remembered for so long, as at Stripe.
pub const KEY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What it was told to be. `{}` is a provider that works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The one key that opens it; without this any test key does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// It answers nothing but this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
    /// It fails at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaos: Option<Chaos>,
    /// Its search does not know yet what is younger than this.
    #[serde(default)]
    pub search_lag_ms: i64,
}

/// An outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Away {
    /// What is answered.
    #[serde(default = "unavailable")]
    pub status: u16,
    /// After how long.
    #[serde(default)]
    pub ms: u64,
}

/// Faults by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// Of a hundred calls so many go wrong.
    pub percent: u8,
    /// The same calls in the same order go wrong in the same way.
    pub seed: u64,
    /// How long a slow call takes.
    #[serde(default = "slow_ms")]
    pub ms: u64,
}

fn unavailable() -> u16 {
    503
}

fn slow_ms() -> u64 {
    3_000
}

/// What goes wrong with a call that changes something.
const OF_EFFECTS: [fn(u64) -> Fault; 9] = [
    |_| Fault::Status(500),
    |_| Fault::Status(503),
    |_| Fault::Status(429),
    |_| Fault::Status(409),
    |_| Fault::ServerError { processed: false },
    |_| Fault::ServerError { processed: true },
    |_| Fault::LostAnswer,
    Fault::Slow,
    Fault::Late,
];

/// What goes wrong with one that asks.
const OF_QUESTIONS: [fn(u64) -> Fault; 4] =
    [|_| Fault::Status(500), |_| Fault::Status(503), |_| Fault::Status(429), Fault::Slow];

impl Chaos {
    /// What chance has for this call, the `number`th there is.
    fn draw(self, number: u64, operation: Operation) -> Option<Fault> {
        let drawn = mixed(self.seed.wrapping_add(number));
        if drawn % 100 >= u64::from(self.percent) {
            return None;
        }
        let rest = drawn / 100;
        // A refund that is only accepted is no failure, and as frequent as all of those.
        if operation == Operation::Refund && rest.is_multiple_of(2) {
            return Some(Fault::Pending);
        }
        let of = |faults: &[fn(u64) -> Fault]| {
            let kinds = u64::try_from(faults.len()).ok()?;
            let fault = faults.get(usize::try_from((rest / 2).checked_rem(kinds)?).ok()?)?;
            Some(fault(bounded(self.ms)))
        };
        match operation {
            Operation::Authorize
            | Operation::Capture
            | Operation::Cancel
            | Operation::Refund
            | Operation::Customer => of(&OF_EFFECTS),
            Operation::Question => of(&OF_QUESTIONS),
            Operation::Sink | Operation::Receiver | Operation::Identity => None,
        }
    }
}

/// splitmix64: neighbours come out far apart.
fn mixed(seed: u64) -> u64 {
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

/// The standing, and the provider's clock.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// What it was told to be.
    pub standing: Standing,
    /// Epoch milliseconds by its own clock.
    pub now_ms: i64,
}

impl Now {
    /// Reads both.
    ///
    /// # Errors
    /// When the database fails; likewise below.
    pub fn read(ports: &Ports<'_>, books: &Books<'_>) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Row {
            standing: Standing,
            offset_ms: i64,
        }
        let rows = books.query(
            "select json_object('standing', json(standing), 'offset_ms', offset_ms) from provider where ?1 is not null",
            &json!({}),
        )?;
        let row = rows.first().map(|text| decode::<Row>(text)).transpose()?;
        let (standing, offset_ms) =
            row.map_or_else(Default::default, |row| (row.standing, row.offset_ms));
        Ok(Self { standing, now_ms: ports.clock.wall_ms().saturating_add(offset_ms) })
    }

    /// What chance has for a call of this kind.
    pub fn by_chance(
        &self,
        books: &Books<'_>,
        operation: Operation,
    ) -> Result<Option<Fault>, Problem> {
        match self.standing.chaos {
            Some(chaos) => Ok(chaos.draw(books.attempt("chaos")?, operation)),
            None => Ok(None),
        }
    }

    /// Keys older than this are forgotten.
    #[must_use]
    pub fn forgotten_before_ms(&self) -> i64 {
        self.now_ms.saturating_sub(KEY_MS)
    }
}

/// `GET /provider`.
///
/// # Errors
/// When the database fails.
pub async fn show(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    let Now { standing, now_ms } = Now::read(ports, &Books::open(ports)?)?;
    Ok(Reply::json(200, &json!({"standing": standing, "now_ms": now_ms})))
}

/// `PUT /provider {api_key?, away?: {status?, ms?}, chaos?: {percent, seed, ms?}, search_lag_ms?}`:
/// from now on, all of it; what is not said is as in a provider that works.
///
/// # Errors
/// A malformed body, or a failing database.
pub async fn set(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let standing: Standing = request.json()?;
    if standing.chaos.is_some_and(|chaos| chaos.percent > 100) {
        return Err(Problem::invalid_field("/chaos/percent", "must be from 0 to 100"));
    }
    if standing.away.is_some_and(|away| !(400..=599).contains(&away.status)) {
        return Err(Problem::invalid_field("/away/status", "must be a status from 400 to 599"));
    }
    Books::open(ports)?.query(
        "insert into provider (one, standing) values (1, ?1) on conflict (one) do update set standing = excluded.standing",
        &json!(standing),
    )?;
    Ok(Reply::empty(204))
}

/// `POST /clock {advance_ms}`: moves the provider's clock forward.
///
/// # Errors
/// A malformed body, or a failing database.
pub async fn advance(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Advance {
        advance_ms: i64,
    }
    let advance: Advance = request.json()?;
    if advance.advance_ms < 0 {
        return Err(Problem::invalid_field("/advance_ms", "must not be negative"));
    }
    Books::open(ports)?.query(
        "insert into provider (one, offset_ms) values (1, ?1 ->> '$.advance_ms')
         on conflict (one) do update set offset_ms = offset_ms + excluded.offset_ms",
        &json!(advance),
    )?;
    show(ports, &Request::new(edge::Method::Get, "/provider")).await
}

/// `POST /refunds {status, refund?, failure_reason?}`: what becomes of the refunds that are
/// pending, or of one of them.
///
/// # Errors
/// A malformed body, or a failing database.
pub async fn settle_refunds(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settle {
        status: String,
        refund: Option<String>,
        failure_reason: Option<String>,
    }
    let Settle { status, refund, failure_reason } = request.json()?;
    if !matches!(status.as_str(), "succeeded" | "failed" | "canceled") {
        return Err(Problem::invalid_field("/status", "must be succeeded, failed or canceled"));
    }
    let books = Books::open(ports)?;
    let pending = books.pending_refunds(refund.as_deref())?;
    if refund.is_some() && pending.is_empty() {
        return Err(Problem::new(Code::NotFound));
    }
    let mut settled = Vec::new();
    for one in pending {
        settled.extend(
            crate::api::settle_refund(ports, &books, one, &status, failure_reason.as_deref())
                .await?,
        );
    }
    Ok(Reply::json(200, &json!({"settled": settled})))
}

/// `GET /refunds`: those that are pending, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list_pending(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    request.no_query()?;
    Ok(Reply::json(200, &json!({"pending": Books::open(ports)?.pending_refunds(None)?})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_meets_as_many_calls_as_it_should_and_every_kind() {
        let chaos = Chaos { percent: 30, seed: 7, ms: 9 };
        let kinds = |operation| {
            let faults: Vec<Fault> =
                (0..10_000).filter_map(|number| chaos.draw(number, operation)).collect();
            let kinds = faults
                .iter()
                .enumerate()
                .filter(|(at, fault)| !faults.iter().take(*at).any(|before| before == *fault))
                .count();
            (faults.len(), kinds)
        };
        for (operation, expect) in [
            (Operation::Authorize, 9),
            (Operation::Capture, 9),
            (Operation::Cancel, 9),
            (Operation::Refund, 10),
            (Operation::Question, 4),
        ] {
            let (struck, kinds) = kinds(operation);
            assert!((2_700..3_300).contains(&struck), "{operation:?} {struck}");
            assert_eq!(kinds, expect, "{operation:?}");
        }
        assert_eq!(kinds(Operation::Sink), (0, 0));
        let none = Chaos { percent: 0, ..chaos };
        assert!((0..1_000).all(|number| none.draw(number, Operation::Capture).is_none()));
    }
}
