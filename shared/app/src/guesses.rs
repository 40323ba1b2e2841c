//! How many codes that are none one buyer may try: nobody finds a gift card or a promotion by trying
//! them all, and nobody keeps the database busy with it.

use crate::{pricing::PricingFacts, shop::Shop};
use domain::promotion;
use json::{Value, json};
use serde::Deserialize;
use store::sql;
use terms::{Code, Problem};

/// The time in which wrong codes are counted: an hour of the clock.
const PERIOD_MS: i64 = 3_600_000;
/// Codes of gift cards that are none, in a period.
const GIFT_CARDS_MAX: i64 = 10;
/// Codes of promotions that are none, in a period: people mistype these, and some try what they
/// have read somewhere.
const PROMOTION_CODES_MAX: i64 = 20;

/// What was tried in this period.
#[derive(Deserialize)]
struct Tries {
    attempts: i64,
    wait_ms: i64,
}

/// A code of a gift card that is being tried.
pub(crate) struct Tried(Value);

impl Tried {
    /// Counts it before it is made, so that many at once are no more than one after another: a code
    /// that is one is money.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn begin(shop: &Shop<'_>, owner: &str) -> Result<Self, Problem> {
        let tries = json!({
            "subject": format!("gift-card/{owner}"), "period_ms": PERIOD_MS, "most": GIFT_CARDS_MAX,
        });
        let Tries { attempts, wait_ms } = shop
            .read(&sql::ATTEMPT_TAKE, &tries)?
            .ok_or_else(|| Problem::internal("a try that was not counted"))?;
        if attempts > GIFT_CARDS_MAX {
            return Err(too_many("gift cards", owner, wait_ms));
        }
        Ok(Self(tries))
    }

    /// It was one, and is not counted.
    pub(crate) fn was_right(self, shop: &Shop<'_>) -> Result<(), Problem> {
        shop.read::<Value>(&sql::ATTEMPT_RETURN, &self.0).map(drop)
    }
}

/// Reads what a cart is priced with, with the code of a promotion that is tried on it. `who` tries: an
/// owner, or the share by which a cart is looked at. What is tried is counted afterwards, and only if
/// it is none: to look at a total with a good code writes nothing (PROMO-7).
///
/// # Errors
/// `too_many_requests`, whatever the code, for who has had too many that are none.
pub(crate) fn read_trying<T>(
    shop: &Shop<'_>,
    who: &str,
    code: Option<&promotion::Code>,
    pricing: impl FnOnce(&T) -> &PricingFacts,
    read: impl FnOnce() -> Result<T, Problem>,
) -> Result<T, Problem> {
    let Some(code) = code else { return read() };
    let tries = json!({
        "subject": format!("promotion-code/{who}"), "period_ms": PERIOD_MS, "most": PROMOTION_CODES_MAX,
    });
    match shop.read(&sql::ATTEMPT_SEEN, &tries)? {
        Some(Tries { attempts, wait_ms }) if attempts >= PROMOTION_CODES_MAX => {
            return Err(too_many("promotions", who, wait_ms));
        }
        Some(_) | None => {}
    }
    let facts = read()?;
    if !pricing(&facts).knows(code) {
        shop.read::<Value>(&sql::ATTEMPT_TAKE, &tries)?;
    }
    Ok(facts)
}

fn too_many(of: &str, who: &str, wait_ms: i64) -> Problem {
    terms::log("warning", "too many codes that are none", &[("of", of), ("who", who)]);
    let seconds = u64::try_from(wait_ms.div_euclid(1_000).saturating_add(1)).unwrap_or(1);
    Problem::new(Code::TooManyRequests).retry_after(seconds)
}
