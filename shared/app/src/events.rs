//! Every event of the shop, in one table: its type and version, what it means, what it is about,
//! and what it tells.
//!
//! Consumers rely on what stands here: a row is added, a field is added, and whatever else changes
//! is a new version. `docs/events.md` and `docs/asyncapi.json` are made of the table, and the HTTP
//! suite holds every event that arrives at its sink against them.
//!
//! An event is whole before its command is fired, but for what the database assigns with the change
//! (a version, an order's number, the quantity after it): those fields are `assigned`, by name, and
//! nothing else of a receipt gets into an event. A field without a value is left out, so none is
//! ever null. None holds personal data (SEC-3), unless a
//! client keeps some in the attributes of a cart.

use crate::shop::Shop;
use domain::{
    compensation::{CompensationKind, Outcome},
    ids::*,
    merge::{MergeReason, MergedLine},
    money::{Currency, Money},
    order::OrderStatus,
    payment::PaymentState,
    promotion::Code,
    quantity::Quantity,
    refund::RefundReason,
    returns::ReturnReason,
    reward::RewardName,
    shipment::{Carrier, TrackingNumber, TrackingUrl},
    stored_value::{AccountKind, EntryKind},
};
use json::{Value, json};
use providers::OutboxEvent;
use serde::{Deserialize, Serialize};

/// What one type of event tells.
pub(crate) trait Tells: Serialize {
    /// Its type.
    const TYPE: &'static str;
    /// What kind of thing it is about.
    const AGGREGATE: &'static str;
    /// The fields that the database adds.
    const ASSIGNED: &'static [&'static str];

    /// Which one it is about.
    fn subject(&self) -> &str;
}

/// One row of the outbox to be.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    event_id: String,
    aggregate: String,
    #[serde(rename = "type")]
    event_type: &'static str,
    data: Value,
    /// Which members of the command's receipt complete `data`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    assigned: &'static [&'static str],
}

impl Event {
    /// An event as its command carries it. Events of one aggregate go out in order (EVT-1).
    pub(crate) fn of<T: Tells>(shop: &Shop<'_>, data: &T) -> Self {
        Self {
            event_id: shop.id(),
            aggregate: format!("{}/{}", T::AGGREGATE, data.subject()),
            event_type: T::TYPE,
            data: json!(data),
            assigned: T::ASSIGNED,
        }
    }

    /// The same as it is sent, of one that is in no outbox.
    pub(crate) fn outgoing(self, occurred_at_ms: i64) -> OutboxEvent {
        OutboxEvent {
            event_id: self.event_id,
            event_type: self.event_type.to_owned(),
            subject: self.aggregate,
            occurred_at_ms,
            sequence: 0,
            data: self.data,
        }
    }
}

/// A row: its name, its type and version, what it is about (`aggregate/field`), and the statement
/// that makes it where no use case does. Then its fields by where they come from: `text` is known
/// before the command and taken by reference, `facts` too, `maybe` may be left out, and `assigned`
/// is added by the database, and so is `perhaps`, where it has something.
macro_rules! events {
    ($(
        $(#[doc = $meaning:literal])+
        $name:ident: $type:literal $version:literal about $aggregate:ident/$subject:ident $(made_by $statement:literal)? {
            text { $($(#[doc = $text_doc:literal])+ $text:ident: $text_type:ty,)+ }
            $(facts { $($(#[doc = $fact_doc:literal])+ $fact:ident: $fact_type:ty,)+ })?
            $(maybe { $($(#[doc = $maybe_doc:literal])+ $maybe:ident: $maybe_type:ty,)+ })?
            $(assigned { $($(#[doc = $assigned_doc:literal])+ $assigned:ident: $assigned_type:ty,)+ })?
            $(perhaps { $($(#[doc = $perhaps_doc:literal])+ $perhaps:ident: $perhaps_type:ty,)+ })?
        }
    )+) => {
        $(
            $(#[doc = $meaning])+
            $(#[expect(dead_code, reason = $statement)])?
            #[derive(Clone, Debug, Serialize)]
            pub(crate) struct $name<'a> {
                $($(#[doc = $text_doc])+ pub(crate) $text: &'a $text_type,)+
                $($($(#[doc = $fact_doc])+ pub(crate) $fact: $fact_type,)+)?
                $($(
                    $(#[doc = $maybe_doc])+
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub(crate) $maybe: Option<$maybe_type>,
                )+)?
            }

            impl Tells for $name<'_> {
                const TYPE: &'static str = $type;
                const AGGREGATE: &'static str = stringify!($aggregate);
                const ASSIGNED: &'static [&'static str] = &[$($(stringify!($assigned),)+)? $($(stringify!($perhaps),)+)?];

                fn subject(&self) -> &str {
                    self.$subject.as_str()
                }
            }
        )+

        /// The types of all events.
        pub(crate) const TYPES: &[&str] = &[$($type),+];

        /// Every event, in the order of the table, with the schemas of its fields.
        #[cfg(feature = "schema")]
        #[must_use]
        pub fn declared(schemas: &mut schemars::SchemaGenerator) -> Vec<Declared> {
            vec![$(Declared {
                name: stringify!($name),
                event_type: $type,
                version: $version,
                meaning: concat!($($meaning),+).trim_ascii(),
                aggregate: stringify!($aggregate),
                subject: stringify!($subject),
                fields: vec![
                    $(field::<$text_type>(schemas, stringify!($text), concat!($($text_doc),+), Presence::Always),)+
                    $($(field::<$fact_type>(schemas, stringify!($fact), concat!($($fact_doc),+), Presence::Always),)+)?
                    $($(field::<$maybe_type>(schemas, stringify!($maybe), concat!($($maybe_doc),+), Presence::Maybe),)+)?
                    $($(field::<$assigned_type>(schemas, stringify!($assigned), concat!($($assigned_doc),+), Presence::Assigned),)+)?
                    $($(field::<$perhaps_type>(schemas, stringify!($perhaps), concat!($($perhaps_doc),+), Presence::Maybe),)+)?
                ],
            }),+]
        }
    };
}

events! {
    /// A cart was opened. For who comes back it begins with the lines of the cart that they left.
    CartCreated: "cart.created" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it is: `customer:…`, `guest:…` or `service:…`.
            owner: str,
        }
        facts {
            /// The currency its prices are in.
            currency: Currency,
            /// The country it is expected to go to.
            country: Country,
        }
        maybe {
            /// The cart whose lines it began with.
            recovered_cart_id: CartId,
        }
        assigned {
            /// The cart's version.
            version: i64,
        }
    }

    /// Something was added to a line of a cart.
    CartItemAdded: "cart.item_added" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it is.
            owner: str,
            /// The line.
            line_id: LineId,
            /// What.
            sku: Sku,
        }
        facts {
            /// How many more.
            added: Quantity,
            /// What one costs.
            unit_price: Money,
        }
        assigned {
            /// How many there are now.
            quantity: i64,
            /// The cart's version.
            version: i64,
        }
    }

    /// The quantity of a line of a cart was replaced.
    CartQuantityChanged: "cart.quantity_changed" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it is.
            owner: str,
            /// The line.
            line_id: LineId,
            /// What.
            sku: Sku,
        }
        maybe {
            /// What one costs, where it is sold still.
            unit_price: Money,
        }
        assigned {
            /// How many there are now.
            quantity: i64,
            /// The cart's version.
            version: i64,
        }
    }

    /// A line of a cart was removed.
    CartItemRemoved: "cart.item_removed" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it is.
            owner: str,
            /// The line.
            line_id: LineId,
            /// What.
            sku: Sku,
        }
        assigned {
            /// The cart's version.
            version: i64,
        }
    }

    /// Every line of a cart was removed.
    CartCleared: "cart.cleared" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it is.
            owner: str,
        }
        assigned {
            /// The cart's version.
            version: i64,
        }
    }

    /// A cart was put into another currency, and its lines are at what they cost there.
    CartCurrencyChanged: "cart.currency_changed" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it is.
            owner: str,
        }
        facts {
            /// The currency its prices are in.
            currency: Currency,
            /// The one they were in.
            from_currency: Currency,
        }
        assigned {
            /// The cart's version.
            version: i64,
        }
    }

    /// A guest's cart was taken into a customer's, at their login.
    CartMerged: "cart.merged" 1 about cart/cart_id {
        text {
            /// The customer's cart.
            cart_id: CartId,
            /// The customer.
            owner: str,
            /// The guest's cart, which is nobody's any more.
            guest_cart_id: CartId,
            /// The guest.
            guest_owner: str,
        }
        facts {
            /// What became of each line of the guest's.
            lines: Vec<LineTaken>,
        }
        assigned {
            /// The version of the customer's cart.
            version: i64,
        }
    }

    /// A cart's time is over, and it is given up: what was held for it is free, and its lines wait
    /// for its owner.
    CartAbandoned: "cart.abandoned" 1 about cart/cart_id made_by "the fragment abandon, of many carts at once" {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it was.
            owner: str,
        }
        facts {
            /// The currency its prices were in.
            currency: Currency,
            /// The country it was expected to go to.
            country: Country,
            /// When its time was over.
            expired_at_ms: i64,
            /// How many things are in it.
            items_count: i64,
            /// The cart's version.
            version: i64,
        }
    }

    /// A cart has become an order.
    CartConverted: "cart.converted" 1 about cart/cart_id {
        text {
            /// The cart.
            cart_id: CartId,
            /// Whose it was.
            owner: str,
            /// The order.
            order_id: OrderId,
        }
        facts {
            /// What the order costs.
            total: Money,
        }
        assigned {
            /// The number people use for the order.
            order_number: OrderNumber,
        }
    }

    /// A person was erased: their contacts are gone, and whoever was told of one erases theirs.
    CustomerErased: "customers.customer.erased" 1 about customer/owner {
        text {
            /// Whose contacts they were: `customer:…`, `guest:…` or `service:…`.
            owner: OwnerId,
        }
        assigned {
            /// How many orders have lost their contact.
            orders: i64,
            /// When.
            erased_at_ms: i64,
        }
    }

    /// An account of stored value was opened: a customer's points or credit, or a gift card.
    AccountOpened: "accounts.account.opened" 1 about account/account_id {
        text {
            /// The account.
            account_id: AccountId,
        }
        facts {
            /// What it holds.
            kind: AccountKind,
            /// With how much, in minor units or points.
            balance_minor: i64,
        }
        maybe {
            /// Whose it is; a gift card is nobody's yet.
            customer_id: CustomerId,
            /// Its currency; points have none.
            currency: Currency,
        }
    }

    /// More was put into an account, or it was corrected.
    AccountChanged: "accounts.account.changed" 1 about account/account_id {
        text {
            /// The account.
            account_id: AccountId,
        }
        facts {
            /// What it holds.
            kind: AccountKind,
            /// What was done.
            entry: EntryKind,
            /// By how much, in minor units or points; below zero for what was taken.
            amount_minor: i64,
        }
        maybe {
            /// Whose it is, as it was read.
            customer_id: CustomerId,
            /// Its currency; points have none.
            currency: Currency,
        }
        assigned {
            /// The number of the entry.
            seq: i64,
            /// What there is now.
            balance_minor: i64,
        }
    }

    /// An order was made with a promotion.
    PromotionApplied: "promotions.promotion.applied" 1 about promotion/promotion_id {
        text {
            /// The promotion.
            promotion_id: PromotionId,
            /// The order.
            order_id: OrderId,
        }
        facts {
            /// The version of its rule.
            version: i64,
            /// What it took off.
            amount: Money,
        }
        maybe {
            /// The code that was given.
            code: Code,
        }
    }

    /// A customer was given something for an order, theirs or a friend's.
    RewardGranted: "rewards.reward.granted" 1 about reward/grant_id {
        text {
            /// What was given, this one time.
            grant_id: GrantId,
            /// By which rule.
            reward_id: RewardId,
            /// For which order.
            order_id: OrderId,
            /// To whom.
            customer_id: CustomerId,
        }
        facts {
            /// The version of the rule.
            version: i64,
        }
        maybe {
            /// The points.
            points: i64,
            /// The code, which is for this customer and one order.
            code: Code,
            /// The badge.
            badge: RewardName,
        }
    }

    /// The order was cancelled after it, so it was taken back, as far as it was there.
    RewardTakenBack: "rewards.reward.taken_back" 1 about reward/grant_id {
        text {
            /// What was given then.
            grant_id: GrantId,
            /// By which rule.
            reward_id: RewardId,
            /// For which order.
            order_id: OrderId,
            /// To whom.
            customer_id: CustomerId,
        }
        maybe {
            /// How many of its points were taken; the rest was spent, or is held.
            taken_points: i64,
        }
        perhaps {
            /// Of a code: whether it was ended. One that was used stays used.
            code_ended: bool,
        }
    }

    /// An order was paid with an account, or was cancelled and gave that back.
    AccountDrawn: "accounts.account.drawn" 1 about account/account_id {
        text {
            /// The account.
            account_id: AccountId,
            /// The order.
            order_id: OrderId,
        }
        facts {
            /// What it holds.
            kind: AccountKind,
            /// `spent`, `returned` or `refunded`.
            entry: EntryKind,
            /// By how much, in minor units or points; below zero for what was spent.
            amount_minor: i64,
        }
        maybe {
            /// Whose it is; a gift card may be nobody's.
            customer_id: CustomerId,
        }
    }

    /// A customer has made a gift card theirs, by its code.
    GiftCardAssigned: "accounts.gift_card.assigned" 1 about customer/owner {
        text {
            /// The customer: `customer:…`.
            owner: OwnerId,
        }
        assigned {
            /// The account that the card is.
            account_id: AccountId,
            /// What is on it.
            balance_minor: i64,
            /// In which currency.
            currency: Currency,
        }
    }

    /// An order was made. Its money is held, or taken, or there is none to pay.
    OrderCreated: "orders.order.created" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The cart it was.
            cart_id: CartId,
            /// Whose it is.
            owner: str,
        }
        facts {
            /// Where it is in its life.
            status: OrderStatus,
            /// What it costs.
            total: Money,
            /// What was bought, and the warehouse it comes from.
            lines: Vec<OrderLine>,
        }
        assigned {
            /// The number people use for it.
            order_number: OrderNumber,
            /// When it was made.
            created_at_ms: i64,
            /// What the client kept with the cart.
            attributes: domain::attributes::Attributes,
        }
        perhaps {
            /// What the client called the cart.
            client_reference: domain::attributes::ClientReference,
        }
    }

    /// An order has come to another state.
    OrderStatusChanged: "orders.order.status_changed" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The cart it was.
            cart_id: CartId,
            /// Who did it: its owner, or a program.
            actor: str,
        }
        facts {
            /// Where it is now.
            status: OrderStatus,
            /// Where it was.
            from_status: OrderStatus,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// An order was cancelled as a whole: its stock is back, and what is owed for it is on its way.
    OrderCancelled: "orders.order.cancelled" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The cart it was.
            cart_id: CartId,
            /// Who did it: its owner, or a program.
            actor: str,
        }
        facts {
            /// Where it is now.
            status: OrderStatus,
            /// Where it was.
            from_status: OrderStatus,
        }
        maybe {
            /// What was known of its payment.
            payment_status: PaymentState,
            /// What is owed to the payment provider for it.
            compensation: CompensationKind,
        }
        assigned {
            /// The order's version.
            version: i64,
            /// When it was cancelled.
            cancelled_at_ms: i64,
        }
    }

    /// A part of an order has left a warehouse, or all of it.
    OrderShipped: "orders.order.shipped" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The shipment.
            shipment_id: ShipmentId,
            /// Who said so: a program.
            actor: str,
        }
        facts {
            /// What has left with it.
            lines: Vec<ShippedLine>,
        }
        maybe {
            /// Who carries it.
            carrier: Carrier,
            /// The carrier's number for it.
            tracking_number: TrackingNumber,
            /// Where its way can be followed.
            tracking_url: TrackingUrl,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// Pieces of an order were cancelled that had not left: a warehouse packs them no more.
    OrderLinesCancelled: "orders.order.lines_cancelled" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// Who asked for it.
            actor: str,
        }
        facts {
            /// What was cancelled.
            lines: Vec<ShippedLine>,
            /// What they cost, which goes back or is not asked for.
            amount: Money,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// All of an order has arrived.
    OrderCompleted: "orders.order.completed" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The cart it was.
            cart_id: CartId,
        }
        facts {
            /// What it cost.
            total: Money,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// The stock of an order is sold.
    StockCommitted: "inventory.stock.committed" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The cart it was.
            cart_id: CartId,
        }
        facts {
            /// What is sold, and from which warehouse.
            lines: Vec<OrderLine>,
        }
    }

    /// The money of an order is being asked for.
    CaptureRequested: "orders.payment.capture_requested" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// Its payment.
            payment_id: PaymentId,
        }
        facts {
            /// How much.
            amount: Money,
        }
    }

    /// The money of an order is the shop's.
    PaymentCaptured: "orders.payment.captured" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// Its payment.
            payment_id: PaymentId,
        }
        facts {
            /// How much was taken.
            amount: Money,
        }
    }

    /// Somebody wants to send goods back.
    ReturnRequested: "orders.return.requested" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The return.
            return_id: ReturnId,
            /// Who did it: the order's owner, or a program.
            actor: str,
        }
        facts {
            /// Which pieces of which lines.
            lines: Vec<ReturnedLine>,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// The shop takes goods back.
    ReturnApproved: "orders.return.approved" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The return.
            return_id: ReturnId,
            /// Who did it: the order's owner, or a program.
            actor: str,
        }
        facts {
            /// Which pieces of which lines.
            lines: Vec<ReturnedLine>,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// The shop does not take goods back.
    ReturnRefused: "orders.return.refused" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The return.
            return_id: ReturnId,
            /// Who did it: the order's owner, or a program.
            actor: str,
        }
        facts {
            /// Which pieces of which lines.
            lines: Vec<ReturnedLine>,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// Whoever wanted to send goods back keeps them.
    ReturnWithdrawn: "orders.return.withdrawn" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The return.
            return_id: ReturnId,
            /// Who did it: the order's owner, or a program.
            actor: str,
        }
        facts {
            /// Which pieces of which lines.
            lines: Vec<ReturnedLine>,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// Goods are back.
    ReturnReceived: "orders.return.received" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The return.
            return_id: ReturnId,
            /// Who did it: the order's owner, or a program.
            actor: str,
        }
        facts {
            /// Which pieces of which lines.
            lines: Vec<ReturnedLine>,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// Money of an order is to go back: what accounts have paid is back already, and what the payment
    /// provider took is on its way.
    RefundCreated: "orders.refund.created" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The number people use for it.
            order_number: OrderNumber,
            /// The refund.
            refund_id: RefundId,
            /// Who said so: a program.
            actor: str,
        }
        facts {
            /// How much.
            amount: Money,
            /// Why.
            reason: RefundReason,
        }
        assigned {
            /// The order's version.
            version: i64,
        }
    }

    /// All of a refund has gone back.
    RefundCompleted: "orders.refund.completed" 1 about order/order_id {
        text {
            /// The order.
            order_id: OrderId,
            /// The refund.
            refund_id: RefundId,
        }
        facts {
            /// What of it the payment provider has given back.
            amount: Money,
        }
    }

    /// What was owed to the payment provider is done.
    CompensationCompleted: "compensation.completed" 1 about payment/payment_id {
        text {
            /// The compensation.
            compensation_id: CompensationId,
            /// The payment.
            payment_id: PaymentId,
            /// The order, or the one that was to be.
            order_id: OrderId,
            /// Why it was owed.
            reason: str,
        }
        facts {
            /// What was owed.
            kind: CompensationKind,
        }
    }

    /// What is owed to the payment provider was refused for good, or has failed for days: somebody
    /// must look.
    CompensationDead: "compensation.dead" 1 about payment/payment_id {
        text {
            /// The compensation.
            compensation_id: CompensationId,
            /// The payment.
            payment_id: PaymentId,
            /// The order, or the one that was to be.
            order_id: OrderId,
            /// Why it is owed.
            reason: str,
        }
        facts {
            /// What is owed.
            kind: CompensationKind,
        }
    }

    /// An operator asked whether a receiver takes events. It goes to that one alone.
    ReceiverTested: "receivers.receiver.tested" 1 about receiver/receiver_id {
        text {
            /// The receiver.
            receiver_id: ReceiverId,
        }
    }
    /// An operator has settled what was owed to the payment provider.
    CompensationResolved: "compensation.resolved" 1 about payment/payment_id {
        text {
            /// The compensation.
            compensation_id: CompensationId,
            /// The payment.
            payment_id: PaymentId,
        }
        facts {
            /// What was owed.
            kind: CompensationKind,
            /// What has become of the money.
            outcome: Outcome,
            /// What is known of the payment now.
            payment_state: PaymentState,
        }
        maybe {
            /// The order, if it came to one.
            order_id: OrderId,
        }
    }
}

/// So many pieces of a line of an order, and why they come back.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ReturnedLine {
    /// The line.
    pub(crate) line_no: i64,
    /// What.
    pub(crate) sku: Sku,
    /// How many.
    pub(crate) quantity: i64,
    /// Why.
    pub(crate) reason: ReturnReason,
}

/// So many pieces of a line of an order.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ShippedLine {
    /// The line.
    pub(crate) line_no: i64,
    /// What.
    pub(crate) sku: Sku,
    /// How many.
    pub(crate) quantity: i64,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct OrderLine {
    /// What.
    pub(crate) sku: Sku,
    /// How many.
    pub(crate) quantity: i64,
    /// From where.
    pub(crate) warehouse_id: WarehouseId,
}

/// What became of a line of a guest's cart.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct LineTaken {
    /// What.
    pub(crate) sku: Sku,
    /// How many the guest had.
    pub(crate) guest_quantity: Quantity,
    /// How many the customer had.
    pub(crate) quantity_before: i64,
    /// How many the customer has now; zero when the line was left out.
    pub(crate) quantity: i64,
    /// Why that is less than both together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "MergeReason"))]
    pub(crate) reason: Option<MergeReason>,
}

impl From<&MergedLine> for LineTaken {
    fn from(line: &MergedLine) -> Self {
        let MergedLine { sku, guest_quantity, quantity_before, quantity, reason } = line.clone();
        Self { sku, guest_quantity, quantity_before, quantity, reason }
    }
}

/// A row of the table, for the documents that are made of it.
#[cfg(feature = "schema")]
#[derive(Debug)]
pub struct Declared {
    /// Its name as a type.
    pub name: &'static str,
    /// The CloudEvent's type.
    pub event_type: &'static str,
    /// The version of its data.
    pub version: u32,
    /// What it means.
    pub meaning: &'static str,
    /// What kind of thing it is about: the subject is `aggregate/id`.
    pub aggregate: &'static str,
    /// The field that has the id.
    pub subject: &'static str,
    /// What it tells.
    pub fields: Vec<Field>,
}

/// A field of an event's data.
#[cfg(feature = "schema")]
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Whether it is there.
    pub presence: Presence,
    /// What may stand there.
    pub schema: schemars::Schema,
}

/// Whether a field is there.
#[cfg(feature = "schema")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Always.
    Always,
    /// It is left out where there is nothing to say.
    Maybe,
    /// Always; the database adds it with the change.
    Assigned,
}

#[cfg(feature = "schema")]
fn field<T: schemars::JsonSchema + ?Sized>(
    schemas: &mut schemars::SchemaGenerator,
    name: &'static str,
    about: &'static str,
    presence: Presence,
) -> Field {
    Field { name, about: about.trim_ascii(), presence, schema: schemas.subschema_for::<T>() }
}
