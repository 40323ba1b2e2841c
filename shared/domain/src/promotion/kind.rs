//! The kinds of promotion: each is a file with a strategy and its worked examples, and a row
//! here.

mod bundle;
mod buy_x_get_y;
mod fixed_amount;
mod fixed_price;
mod free_shipping;
mod percent;
mod tiered;

pub use bundle::{Bundle, BundlePart};
pub use buy_x_get_y::BuyXGetY;
pub use fixed_amount::FixedAmount;
pub use fixed_price::FixedPrice;
pub use free_shipping::FreeShipping;
pub use percent::Percent;
pub use tiered::{PercentTier, PriceTier, Tiered};

use super::basket::{Basket, Missing};
use super::{RuleError, Target};
use crate::money::{Money, MoneyError};
use serde::{Deserialize, Serialize};

/// One kind of promotion: all that is asked of it.
pub(super) trait Strategy {
    /// Where it comes among promotions of the same priority.
    fn stage(&self) -> Stage;

    /// Whether it names amounts, which need a currency.
    fn has_amounts(&self) -> bool;

    /// Whether it makes sense, and makes sense of what it is for.
    fn check(&self, target: &Target) -> Result<(), RuleError>;

    /// What comes off each item of the basket. Where that is more than is left, what is left does.
    fn discount(&self, basket: &Basket<'_>) -> Result<Vec<Money>, MoneyError>;

    /// What would have to be added to the basket for it to take something off, or more.
    fn missing(&self, _basket: &Basket<'_>) -> Option<Missing> {
        None
    }
}

/// Where a kind comes among promotions of the same priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It sets what things cost.
    Price,
    /// It takes a part off what they cost.
    Percent,
    /// It takes an amount off what that leaves.
    Amount,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident,)+) => {
        /// What a promotion does, with what it has to know for it.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($(#[$doc])* $kind($kind),)+
        }

        impl Kind {
            pub(super) fn strategy(&self) -> &dyn Strategy {
                match self {
                    $(Self::$kind(kind) => kind,)+
                }
            }
        }
    };
}

kinds! {
    /// Several things together at one price.
    Bundle,
    /// So many of something for less, with so many bought.
    BuyXGetY,
    /// An amount off all it is for together.
    FixedAmount,
    /// A price for each unit.
    FixedPrice,
    /// The shipping for nothing.
    FreeShipping,
    /// A part off.
    Percent,
    /// The more units, the cheaper each.
    Tiered,
}

/// For a kind that is about goods.
fn goods_only(target: &Target) -> Result<(), RuleError> {
    match target {
        Target::Goods | Target::Selected(_) => Ok(()),
        Target::Shipping => Err(RuleError { field: "target", right: "be goods for this kind" }),
    }
}
