//! `/api/v1/cart/codes`: promotions' codes on the caller's cart, in the one place that preview and
//! checkout read them from (CART-17, PROMO-7).

use super::{conflict, idle_ms, not_found, view::CartRow};
use crate::{
    Change,
    change::apply_over_attempt,
    guesses::read_trying,
    members::{Maximum, Refused},
    pricing::{Binding, CODES_MAX, PricingFacts, promotions_unavailable},
    shop::Shop,
};
use config::PROMOTIONS_ENABLED;
use domain::{
    ids::CartId,
    promotion::{Code as PromotionCode, RefusalReason, RefusedCode},
    totals::{Choices, WarningCode},
};
use json::{Value, json};
use ports::Ports;
use serde::Deserialize;
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// A code to put on the cart.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GiveCode {
    /// The code, as the buyer typed it.
    code: PromotionCode,
}

/// The codes of a cart, once one was put on it or taken off.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CodesChanged {
    /// The cart.
    pub cart_id: CartId,
    /// Its version now.
    pub version: i64,
    /// The codes it has, in the order of the alphabet.
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    pub codes: Vec<PromotionCode>,
}

/// Puts a code on the caller's cart, if it does something for it. One for shipping is taken before
/// a method is chosen.
///
/// # Errors
/// `cart_not_found`, `code_refused`, `too_many_codes`, `too_many_requests`, `promotions_disabled`,
/// `promotions_unavailable`, `cart_locked`, `version_conflict`, and what no total can be made of.
pub fn give_code(
    ports: &Ports<'_>,
    owner: &str,
    body: &GiveCode,
    change: &Change,
) -> Result<Done<Rendered<CodesChanged>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    if !shop.setting(&PROMOTIONS_ENABLED)? {
        return Err(Problem::new(Code::PromotionsDisabled));
    }
    let input = json!({ "owner": owner, "region": "", "try_code": body.code });
    let read = || shop.read(&sql::PRICING_FACTS, &input)?.ok_or_else(not_found);
    let facts: PricingFacts = read_trying(&shop, owner, Some(&body.code), |facts| facts, read)?;
    let facts = facts.asking(&shop, None)?;
    facts.has_room_for(&body.code)?;
    let priced = facts.price(&shop, Choices::default(), Binding::Preview)?;
    if priced.warnings.iter().any(|warning| warning.code == WarningCode::PromotionsUnavailable) {
        return Err(promotions_unavailable());
    }
    let cart_id = &facts.cart.cart_id;
    if let Some(refused) = priced.totals.refused_codes.iter().find(|one| one.code == body.code)
        && refused.reason != RefusalReason::ShippingNotChosen
    {
        write_down(&shop, owner, cart_id, refused)?;
        return Err(Problem::new(Code::CodeRefused).with(Refused, refused));
    }
    let input = json!({
        "cart_id": cart_id, "owner": owner, "code": body.code, "codes_limit": CODES_MAX,
        "cart_idle_ms": idle_ms(&shop, owner)?, "reply": {}, "events": [],
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_CODE_ADD, input)?.done(|refusal| {
        if refusal == Refusal::TooManyCodes {
            Problem::new(Code::TooManyCodes).with(Maximum, &CODES_MAX)
        } else {
            conflict(&shop, owner, refusal)
        }
    })
}

/// Takes a code off the caller's cart.
///
/// # Errors
/// `cart_not_found`, `code_not_found`, `cart_locked`, `version_conflict`.
pub fn take_code(
    ports: &Ports<'_>,
    owner: &str,
    code: &PromotionCode,
    change: &Change,
) -> Result<Done<Rendered<CodesChanged>>, Problem> {
    let shop = Shop::relaxed(ports)?;
    let cart: CartRow =
        shop.read(&sql::CART_VIEW, &json!({ "owner": owner }))?.ok_or_else(not_found)?;
    let input = json!({
        "cart_id": cart.cart_id, "owner": owner, "code": code,
        "cart_idle_ms": idle_ms(&shop, owner)?, "reply": {}, "events": [],
    });
    apply_over_attempt(&shop, owner, change, &sql::CART_CODE_REMOVE, input)?
        .done(|refusal| conflict(&shop, owner, refusal))
}

/// Who was refused which code, and why (PROMO-6). What is no code of the shop's is a line of the
/// log alone, without what was typed: a program that guesses fills no table.
fn write_down(
    shop: &Shop<'_>,
    owner: &str,
    cart_id: &CartId,
    refused: &RefusedCode,
) -> Result<(), Problem> {
    let RefusedCode { code, reason, promotion_id, .. } = refused;
    terms::log(
        "info",
        "code refused",
        &[("reason", reason.as_str()), ("cart_id", cart_id.as_str())],
    );
    if let Some(promotion_id) = promotion_id {
        let input = json!({
            "promotion_id": promotion_id, "actor": owner, "reason": reason, "code": code, "cart_id": cart_id,
        });
        shop.apply::<Value>(&sql::CODE_REFUSED, &input)?.map_err(crate::problem::refused)?;
    }
    Ok(())
}
