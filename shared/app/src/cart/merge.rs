//! A guest's cart taken into a customer's at login (CART-5).

use super::{create::bring_back, idle_ms};
use crate::{
    events::{CartCreated, CartMerged, Event, LineTaken},
    problem::refused,
    shop::Shop,
};
use callers::GuestToken;
use config::{CART_LINE_LIMIT, CART_QUANTITY_LIMIT, CART_RECOVERY_MS, IDEMPOTENCY_MS};
use domain::{
    ids::{CartId, Country, Sku},
    merge::{Limits, MergedLine, Offered, merge},
    money::Currency,
    quantity::Quantity,
};
use json::{Value, json};
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Problem, Rendered, fingerprint};

/// How often a merge is decided anew because somebody changed one of the carts meanwhile. A change
/// is shorter than a round, so a few at once can win several; two dozen adds of one customer, on
/// another device, have been seen to win five.
const ROUNDS_MAX: usize = 20;
const RETRY_SECONDS: u64 = 1;

#[derive(Deserialize)]
struct Facts {
    guest_cart_id: CartId,
    guest_version: i64,
    guest_currency: Currency,
    country: Country,
    cart_id: Option<CartId>,
    cart_version: Option<i64>,
    currency: Currency,
    lines_in_cart: i64,
    lines: Vec<LineFacts>,
}

#[derive(Deserialize)]
struct LineFacts {
    sku: Sku,
    quantity: Quantity,
    added_price_minor: i64,
    active: bool,
    price_minor: Option<i64>,
    available: Option<i64>,
    in_cart: Option<i64>,
}

/// What a merge did.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Merge {
    /// The customer's cart.
    pub cart_id: CartId,
    /// Its version after the merge.
    pub version: i64,
    /// What was known of it before.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub foreseen: Foreseen,
}

/// What is known of a merge before it is done.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// The guest's cart, which is no more.
    guest_cart_id: CartId,
    /// What became of each of the guest's lines.
    lines: Vec<MergedLine>,
}

/// A line as the command takes it.
#[derive(Serialize)]
struct Taken<'a> {
    sku: &'a Sku,
    quantity: i64,
    price_minor: i64,
}

/// Merges the guest's cart into that of `owner`; the same again is answered with what was done
/// then. None when there is nothing to merge: the token was never any good, or its cart has become
/// an order or another customer's, or was left too long ago.
pub(crate) fn take_over(
    shop: &Shop<'_>,
    guest: &GuestToken,
    owner: &str,
) -> Result<Option<Rendered<Merge>>, Problem> {
    let guest_owner = guest.owner();
    let key = fingerprint(&["cart_merge", &guest_owner, owner]);
    let input = json!({ "guest_owner": guest_owner, "owner": owner, "recovery_ms": shop.setting(&CART_RECOVERY_MS)? });
    for _ in 0..ROUNDS_MAX {
        let Some(facts) = shop.read::<Facts>(&sql::CART_MERGE_FACTS, &input)? else {
            return receipt(shop, &key);
        };
        // A customer who left a cart comes back to it first, or its lines would be behind the new
        // one for ever (CART-10).
        if facts.cart_id.is_none() && bring_back(shop, owner)? {
            continue;
        }
        match shop.apply(&sql::CART_MERGE, &decide(shop, &facts, &guest_owner, owner, &key)?)? {
            Ok(receipt) => return Ok(Some(receipt)),
            Err(Refusal::IdempotencyKeySeen) => return receipt(shop, &key),
            // A bank asks about one of the carts, and they are to be one: what is paid then is
            // another cart.
            Err(Refusal::CartLocked) => {
                for owner in [guest_owner.as_str(), owner] {
                    let input = json!({ "owner": owner, "cancel_id": shop.id() });
                    shop.apply::<Value>(&sql::ATTEMPT_GIVE_UP, &input)?.map_err(refused)?;
                }
            }
            // Somebody was there between reading and applying: an add, another login, a first cart.
            Err(Refusal::CartNotFound | Refusal::CartExists | Refusal::VersionConflict) => {}
            Err(refusal) => return Err(refused(refusal)),
        }
    }
    Err(Problem::new(Code::DatabaseBusy)
        .retry_after(RETRY_SECONDS)
        .because("the carts changed during every round of a merge"))
}

fn decide(
    shop: &Shop<'_>,
    facts: &Facts,
    guest_owner: &str,
    owner: &str,
    key: &str,
) -> Result<Value, Problem> {
    let limits = Limits {
        quantity: shop.setting(&CART_QUANTITY_LIMIT)?,
        lines: shop.setting(&CART_LINE_LIMIT)?,
    };
    let offered: Vec<Offered> = facts
        .lines
        .iter()
        .map(|line| Offered {
            sku: line.sku.clone(),
            quantity: line.quantity,
            in_cart: line.in_cart.unwrap_or(0),
            sold: line.active && line.price_minor.is_some(),
            available: line.available,
        })
        .collect();
    let merged = merge(facts.lines_in_cart, &offered, limits);
    let taken: Vec<Taken<'_>> = merged
        .iter()
        .zip(&facts.lines)
        .filter(|(merged, _)| merged.quantity > merged.quantity_before)
        .filter_map(|(merged, line)| {
            // The price it was added at is told in the currency it was told in then; in another it
            // is today's.
            let same = facts.currency == facts.guest_currency;
            let price_minor = if same { Some(line.added_price_minor) } else { line.price_minor };
            price_minor.map(|price_minor| Taken {
                sku: &merged.sku,
                quantity: merged.quantity,
                price_minor,
            })
        })
        .collect();
    let cart_id: CartId = facts.cart_id.clone().map_or_else(|| shop.new_id(), Ok)?;
    let mut events = Vec::new();
    if facts.cart_id.is_none() {
        let created = CartCreated {
            cart_id: &cart_id,
            owner,
            currency: facts.currency,
            country: facts.country.clone(),
            recovered_cart_id: None,
        };
        events.push(Event::of(shop, &created));
    }
    let lines = merged.iter().map(LineTaken::from).collect();
    let guest_cart_id = &facts.guest_cart_id;
    events.push(Event::of(
        shop,
        &CartMerged { cart_id: &cart_id, owner, guest_cart_id, guest_owner, lines },
    ));
    let idle_ms = idle_ms(shop, owner)?;
    Ok(json!({
        "guest_cart_id": facts.guest_cart_id, "guest_owner": guest_owner, "guest_version": facts.guest_version,
        "cart_id": cart_id, "owner": owner, "cart_version": facts.cart_version, "currency": facts.currency, "country": facts.country,
        "cart_idle_ms": idle_ms, "lines": taken,
        "reply": Foreseen { guest_cart_id: facts.guest_cart_id.clone(), lines: merged.clone() }, "events": events,
        "idempotency_key": key, "request_hash": key, "idempotency_ttl_ms": shop.setting(&IDEMPOTENCY_MS)?,
    }))
}

/// What was done the first time, for as long as that is kept.
fn receipt(shop: &Shop<'_>, key: &str) -> Result<Option<Rendered<Merge>>, Problem> {
    #[derive(Deserialize)]
    struct Kept {
        receipt: Option<Rendered<Merge>>,
    }
    let kept: Option<Kept> = shop.read(&sql::RECEIPT, &json!({ "idempotency_key": key }))?;
    Ok(kept.and_then(|kept| kept.receipt))
}
