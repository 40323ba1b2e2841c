//! What only some of the shop's problems carry.

use crate::{
    cart::{Cart, UnsoldLine},
    pricing::CartProblem,
};
use domain::{
    ids::{OrderId, OrderNumber, Sku},
    money::Money,
    order::OrderStatus,
    promotion::RefusedCode,
    stock::Shortage,
    totals::{Difference, Totals},
};

terms::members! {
    /// `version_conflict`: the cart as it is.
    Current "current": Cart;
    /// `quantity_out_of_range`: the least.
    Minimum "minimum": i64;
    /// `quantity_out_of_range`, `too_many_shares`, `too_many_codes`, `too_many_attributes`,
    /// `too_many_receivers`: the most.
    Maximum "maximum": i64;
    /// `sku_unknown`, `price_missing`: the SKU that is not sold.
    NotSold "sku": Sku;
    /// `sku_unknown`, `price_missing` from the totals: its line.
    OfLine "line_id": str;
    /// `sku_not_sold_in_currency` from a change of the cart's currency: every line that is not sold in
    /// it.
    Unsold "not_sold": [UnsoldLine];
    /// `amount_above_ceiling`, `amount_below_minimum`: what would be paid.
    Total "total": Money;
    /// `amount_above_ceiling`: the most that one payment may be.
    MaximumTotal "maximum_total": Money;
    /// `amount_below_minimum`: the least that one payment may be.
    MinimumTotal "minimum_total": Money;
    /// `code_refused`: which, why, and what is missing.
    Refused "refused_code": RefusedCode;
    /// `balance_too_low` of a checkout: what the account has, in minor units or points.
    Available "available": i64;
    /// `insufficient_stock`: what is short.
    Short "lines": [Shortage];
    /// From a checkout that does not begin: all that stops it, and all that the buyer should know.
    Problems "problems": [CartProblem];
    /// `price_changed`, `promotion_expired`, `session_stale`: what the buyer was shown.
    AgreedTotal "agreed_total": Money;
    /// `price_changed`, `promotion_expired`, `session_stale`, `total_mismatch`,
    /// `stored_value_above_total`: what it is now.
    CurrentTotal "current_total": Money;
    /// `price_changed`, `promotion_expired`, `session_stale`: the name of what it costs now.
    CurrentQuote "quote_hash": String;
    /// `price_changed`, `promotion_expired`, `session_stale`: what costs something else than the buyer
    /// was shown, before and after.
    Differences "differences": [Difference];
    /// `price_changed`, `promotion_expired`, `session_stale`: why.
    CurrentTotals "totals": Totals;
    /// `cart_completed`, `payment_superseded`: the order.
    Ordered "order_id": OrderId;
    /// `cart_completed`, `payment_superseded`: its number.
    OrderedNumber "order_number": OrderNumber;
    /// `illegal_transition`: where the order is.
    Standing "order_status": OrderStatus;
    /// `illegal_transition`: where it can go.
    Legal "legal": [OrderStatus];
    /// `payment_declined`: the provider's reason.
    DeclineCode "decline_code": str;
    /// `payment_declined`, `payment_action_required`: until when the stock is held for the buyer.
    ReservedUntil "reserved_until_ms": Option<i64>;
    /// `payment_action_required`: for the provider's own library.
    ClientSecret "client_secret": Option<String>;
    /// `payment_action_required`: where the buyer acts.
    NextActionUrl "next_action_url": Option<String>;
}
