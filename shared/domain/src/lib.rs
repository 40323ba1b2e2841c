//! What the shop means, as types and pure functions.
//!
//! Nothing here reads a clock, a random number, a database or a socket, and nothing here knows
//! which runtime it is compiled for: every function answers from its arguments alone, so a preview
//! and a confirm that pass the same arguments get the same answer, to the minor unit.
//!
//! Three habits hold throughout:
//!
//! * **Parse once.** A type with a rule has private fields and one way in (`TryFrom` / `FromStr`,
//!   which serde uses too). Holding a [`ids::Sku`] or a [`quantity::Quantity`] is the proof that it
//!   is well formed.
//! * **Say what would be right.** Every error is a sentence for people that names the rule, not
//!   only the breach. What a client's program is told is not decided here.
//! * **States are enums, and a machine that is here decides.** It is a single `match` without a
//!   catch-all, so a new state does not compile until every move out of it has been decided; and
//!   what it says is what is written. Where a statement's own guard decides, there is no machine.
//!
//! Reading order: [`ids`], [`money`], [`quantity`] are the words; [`tax`], [`shipping`],
//! [`promotion`] and [`stock`] decide the parts; [`totals`] puts them together; [`reward`] says what
//! an order gives later; [`saga`] says how a cart becomes one
//! paid order, [`order`] where an order is and can go, [`refund`] what of its money goes back, and [`payment`] and [`compensation`]
//! what an operator may make of what is owed.

#[macro_use]
mod text;

pub mod address;
pub mod attributes;
pub mod cart;
pub mod compensation;
pub mod exchange;
pub mod fraud;
pub mod ids;
pub mod interval;
pub mod merge;
pub mod money;
pub mod order;
pub mod payment;
pub mod promotion;
pub mod quantity;
pub mod refund;
pub mod retry;
pub mod returns;
pub mod reward;
pub mod saga;
#[cfg(feature = "schema")]
mod schema;
pub mod shipment;
pub mod shipping;
mod sorted;
pub mod stock;
pub mod stored_value;
pub mod tax;
pub mod totals;

pub use text::{TextError, TextProblem, UnknownName};
