//! How a total is paid: what accounts of stored value give of it, and what is left for the card
//! (PROMO-13).
//!
//! The buyer names every amount, so that nobody is charged another on their card than they were
//! told: an account that has less now is a refusal, and never a smaller draw.

use crate::{
    members::{Available, CurrentTotal},
    problem::payable,
    saga::PlannedDraw,
    stored_value::code_hash,
};
use domain::{
    ids::AccountId,
    money::{CurrencyRules, Money},
    promotion::Amount,
    stored_value::{DrawError, Drawable, GiftCode},
    totals::PayableError,
};
use json::{Value, json};
use serde::Deserialize;
use std::collections::BTreeSet;
use terms::{Code, Problem};

/// The most accounts one order may be paid from.
const DRAWS_MAX: usize = 5;

/// What is to be drawn on one account: the buyer's own, by its id; or a gift card's, by its code.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StoredValueDraw"))]
#[serde(deny_unknown_fields)]
pub(super) struct DrawAsked {
    /// The account, one of the buyer's own.
    account_id: Option<AccountId>,
    /// Or the code of a gift card that is the buyer's, or nobody's yet.
    code: Option<GiftCode>,
    /// What it is to pay, in minor units of the order's currency.
    amount_minor: Amount,
}

/// How a total is paid.
#[derive(Debug)]
pub(super) struct Tenders {
    pub(super) draws: Vec<PlannedDraw>,
    /// What is left to be paid otherwise.
    pub(super) payable: Money,
}

/// How an account is named.
enum Named<'a> {
    Id(&'a AccountId),
    /// By the hash of its code.
    Code(String),
}

impl DrawAsked {
    fn named(&self, index: usize) -> Result<Named<'_>, Problem> {
        match (&self.account_id, &self.code) {
            (Some(account_id), None) => Ok(Named::Id(account_id)),
            (None, Some(code)) => Ok(Named::Code(code_hash(code))),
            (Some(_), Some(_)) | (None, None) => Err(Problem::invalid_field(
                format!("/stored_value/{index}"),
                "must name an account by either account_id or code",
            )),
        }
    }
}

/// Whether a code is named, which may be guessed.
pub(super) fn names_a_code(asked: &[DrawAsked]) -> bool {
    asked.iter().any(|draw| draw.code.is_some())
}

/// The accounts that are asked for, as they are read by; and the same with the amounts, as what the
/// buyer agrees to.
///
/// # Errors
/// `invalid_field` for too many, and for one that is not named by exactly one of the two.
pub(super) fn asked_for(asked: &[DrawAsked]) -> Result<(Vec<Value>, String), Problem> {
    if asked.len() > DRAWS_MAX {
        let right = format!("must be at most {DRAWS_MAX} accounts");
        return Err(Problem::invalid_field("/stored_value", right));
    }
    let (mut read_by, mut said) = (Vec::new(), String::new());
    for (index, draw) in asked.iter().enumerate() {
        let (value, name) = match draw.named(index)? {
            Named::Id(account_id) => {
                (json!({ "account_id": account_id }), account_id.as_str().to_owned())
            }
            Named::Code(hash) => (json!({ "code_hash": hash }), hash),
        };
        read_by.push(value);
        said.push_str(&format!("{name}={};", draw.amount_minor.get()));
    }
    Ok((read_by, said))
}

/// Draws what is asked for on the accounts that were read, and says what is left.
///
/// # Errors
/// `account_not_found`, `gift_card_not_found`, `balance_too_low`, `invalid_field` for an account
/// that cannot pay this order, `stored_value_above_total`; `amount_below_minimum` for a rest that
/// no payment can be of.
pub(super) fn tenders(
    total: Money,
    rules: &CurrencyRules,
    asked: &[DrawAsked],
    accounts: &[Drawable],
) -> Result<Tenders, Problem> {
    let mut draws = Vec::new();
    let (mut named, mut payable_minor) = (BTreeSet::new(), total.amount_minor());
    for (index, draw) in asked.iter().enumerate() {
        let at = |member: &str| format!("/stored_value/{index}{member}");
        let (account, member, missing) = match draw.named(index)? {
            Named::Id(account_id) => {
                let found = accounts.iter().find(|account| account.account_id == *account_id);
                (found, "/account_id", Code::AccountNotFound)
            }
            Named::Code(hash) => {
                let found =
                    accounts.iter().find(|account| account.code_hash.as_deref() == Some(&hash));
                (found, "/code", Code::GiftCardNotFound)
            }
        };
        let account = account.ok_or_else(|| Problem::new(missing).field(at(member)))?;
        if !named.insert(&account.account_id) {
            return Err(Problem::invalid_field(at(member), "must be named once"));
        }
        let amount_minor = draw.amount_minor.get();
        let units =
            account.draw(Money::new(amount_minor, total.currency())).map_err(
                |error| match error {
                    DrawError::TooLow { available, units: _ } => Problem::new(Code::BalanceTooLow)
                        .field(at("/amount_minor"))
                        .detail(error.to_string())
                        .with(Available, &available),
                    DrawError::PartOfAPoint(_) => {
                        Problem::invalid_field(at("/amount_minor"), error.to_string())
                    }
                    DrawError::Currency(_) | DrawError::PointsNotTaken(_) => {
                        Problem::invalid_field(at(member), error.to_string())
                    }
                },
            )?;
        // An amount is within bounds that no five of them can leave.
        payable_minor = payable_minor.saturating_sub(amount_minor);
        draws.push(PlannedDraw {
            account_id: account.account_id.clone(),
            kind: account.kind,
            customer_id: account.customer_id.clone(),
            units,
            amount_minor,
        });
    }
    if payable_minor < 0 {
        return Err(Problem::new(Code::StoredValueAboveTotal)
            .field("/stored_value")
            .with(CurrentTotal, &total));
    }
    let rest = Money::new(payable_minor, total.currency());
    if rest.is_positive() && payable_minor < rules.minimum_minor {
        let minimum = Money::new(rules.minimum_minor, rules.currency);
        return Err(payable(&PayableError::BelowMinimum { total: rest, minimum, rules: *rules })
            .field("/stored_value"));
    }
    Ok(Tenders { draws, payable: rest })
}
