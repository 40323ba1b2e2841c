//! The rules, by what they are about. A code is never changed or given to another rule.
//!
//! What other constraints already say (one order per cart, one number per order, one live confirm
//! per owner, one use of a key, one payment per reference) is not asked again, but for money.

mod accounts;
mod carts;
mod events;
mod orders;
mod payments;
mod promotions;
mod rewards;
mod stock;

use crate::Rule;

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        carts::RULES,
        orders::RULES,
        payments::RULES,
        accounts::RULES,
        promotions::RULES,
        rewards::RULES,
        stock::RULES,
        events::RULES,
    ]
    .into_iter()
    .flatten()
}
