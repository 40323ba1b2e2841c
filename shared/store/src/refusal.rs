//! Why a command changed nothing: one row per refusal, from the database's words to what a client
//! is told.

use problems::Code;

/// What a client is told of a refusal where the use case has nothing better to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The problem.
    pub code: Code,
    /// Seconds after which it may be gone, where waiting is enough.
    pub retry_after_seconds: Option<u64>,
}

/// How the database says it.
enum Said {
    /// A guard's `RAISE` or a CHECK, by its name on both.
    Name(&'static str),
    /// A unique index: by its name on PostgreSQL; by table and columns on SQLite, which tells no
    /// more.
    Unique { index: &'static str, columns: &'static str },
}

macro_rules! said {
    (guard $name:literal) => {
        Said::Name($name)
    };
    (check $name:literal) => {
        Said::Name($name)
    };
    (unique $index:literal $columns:literal) => {
        Said::Unique { index: $index, columns: $columns }
    };
}

macro_rules! told {
    (where_it_arises) => {
        None
    };
    ($code:ident) => {
        Some(Told { code: Code::$code, retry_after_seconds: None })
    };
    ($code:ident $seconds:literal) => {
        Some(Told { code: Code::$code, retry_after_seconds: Some($seconds) })
    };
}

/// A row: the refusal, how the database says it, and what a client is told. What is answered
/// `where_it_arises`, by the use case that meets it, would anywhere else be our own mistake.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $refusal:ident: $($kind:ident $name:literal $($columns:literal)?),+ => $told:ident $(again_in $seconds:literal)?;)+) => {
        /// Why a command changed nothing: a guard of its statement, or a constraint of the schema.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $($(#[doc = $doc])+ $refusal,)+
        }

        impl Refusal {
            /// What a client is told of it; `None` if the use case that meets it has to say.
            #[must_use]
            pub const fn told(self) -> Option<Told> {
                match self { $(Self::$refusal => told!($told $($seconds)?)),+ }
            }
        }

        const SAID: &[(Said, Refusal)] = &[$($((said!($kind $name $($columns)?), Refusal::$refusal)),+),+];
    };
}

refusals! {
    /// No live cart of this owner.
    CartNotFound: guard "cart_not_found" => CartNotFound;
    /// The owner has a live cart already.
    CartExists: unique "cart_live_per_owner" "cart.owner" => where_it_arises;
    /// A confirm holds the cart.
    CartLocked: guard "cart_locked" => CartLocked again_in 1;
    /// The cart was completed by an order.
    CartConverted: guard "cart_converted", unique "order_of_cart" "orders.cart_id" => CartCompleted;
    /// The cart is not as it was when the totals were shown.
    CartChanged: guard "cart_changed" => SessionStale;
    /// `If-Match` names another version.
    VersionConflict: guard "version_conflict" => VersionConflict;
    /// As many receivers of events as a shop may have.
    TooManyReceivers: guard "too_many_receivers" => TooManyReceivers;
    /// Somebody else has changed the receiver's secret, or deleted it.
    ReceiverMovedOn: guard "receiver_moved_on" => DatabaseBusy again_in 1;
    /// No such line.
    LineNotFound: guard "line_not_found" => LineNotFound;
    /// More lines than a cart may have.
    TooManyLines: guard "too_many_lines" => TooManyLines;
    /// A quantity outside 1…the limit.
    QuantityOutOfRange: guard "quantity_out_of_range", check "quantity_is_1_to_10000" => QuantityOutOfRange;
    /// No such share of the cart that still opens it.
    ShareNotFound: guard "share_not_found" => ShareNotFound;
    /// As many shares as a cart may have.
    TooManyShares: guard "too_many_shares" => TooManyShares;
    /// The idempotency key was used before: its receipt answers.
    IdempotencyKeySeen: unique "idempotency_key_is_used_once" "idempotency.idempotency_key", unique "confirm_key_is_taken_once" "confirm_key.owner, confirm_key.idempotency_key" => where_it_arises;
    /// The session is not open (any more).
    SessionClosed: guard "session_closed" => SessionExpired;
    /// Another confirm of this owner is running.
    ConfirmInProgress: guard "confirm_in_progress", unique "saga_live_per_owner" "saga.owner" => IdempotencyInProgress again_in 1;
    /// A price or a SKU changed between reading and claiming.
    PricesMoved: guard "prices_moved" => PriceChanged;
    /// A promotion is not as it was read, or this person has had it as often as they may.
    PromotionsMoved: guard "promotions_moved" => PriceChanged;
    /// A promotion or a code was used up, or its budget spent, between reading and claiming.
    PromotionUsedUp: check "promotion_uses_are_within_limit", check "promotion_spends_within_budget", check "code_uses_are_within_limit" => PriceChanged;
    /// As many codes as a cart may have.
    TooManyCodes: guard "too_many_codes" => TooManyCodes;
    /// More attributes than the lines of a cart may have.
    TooManyAttributes: guard "too_many_attributes" => TooManyAttributes;
    /// The cart has no such code.
    CodeNotOnCart: guard "code_not_on_cart" => CodeNotFound;
    /// The code is another promotion's.
    CodeOfAnother: guard "code_of_another" => InUse;
    /// A limit below what has been used already.
    LimitBelowUse: guard "limit_below_use" => LimitBelowUse;
    /// What was spent is in the rule's currency, so that stays.
    SpentInOtherCurrency: guard "spent_in_other_currency" => InUse;
    /// Orders, or confirms under way, have used it.
    UsedByOrders: guard "used_by_orders" => InUse;
    /// It has codes.
    UsedByCodes: guard "used_by_codes" => InUse;
    /// A rule of rewards names it.
    NamedByRewards: guard "named_by_rewards" => InUse;
    /// It has given rewards.
    GaveRewards: guard "gave_rewards" => InUse;
    /// A rule of rewards names a promotion that there is not.
    PromotionUnknown: guard "promotion_unknown" => where_it_arises;
    /// The promotion whose code is to be given does not run any more.
    PromotionEnded: guard "promotion_ended" => where_it_arises;
    /// Another run has looked at these orders, or the rule, the order or the reward is not as it was read.
    RewardMovedOn: guard "reward_moved_on" => where_it_arises;
    /// No rule rewards friends of the promotion, or it does not run any more.
    NotShared: guard "not_shared" => EntryNotFound;
    /// Less stock than asked for.
    InsufficientStock: guard "insufficient_stock", check "reserved_is_within_on_hand" => InsufficientStock;
    /// A reservation ended before its order was made.
    ReservationExpired: guard "reservation_expired" => ReservationExpired;
    /// Another driver took the saga over.
    SagaMovedOn: guard "saga_moved_on" => where_it_arises;
    /// The compensation is another's, or not as it was read.
    CompensationMovedOn: guard "compensation_moved_on" => where_it_arises;
    /// Another compensation of the same payment is being tried.
    CompensationReplaced: guard "compensation_replaced" => where_it_arises;
    /// The owner has another data key by now, or none.
    DataKeyReplaced: guard "data_key_replaced" => where_it_arises;
    /// Nothing is sealed for the owner.
    NothingPersonal: guard "nothing_personal" => CustomerNotFound;
    /// No such account, or not the asker's.
    AccountNotFound: guard "account_not_found" => AccountNotFound;
    /// The customer has an account of the kind and currency.
    AccountExists: unique "account_of_customer" "account.customer_id, account.kind, account.currency" => AccountExists;
    /// The account's time is over.
    AccountExpired: guard "account_expired" => AccountExpired;
    /// The account has less than that, or it is held.
    BalanceTooLow: guard "balance_too_low", check "held_is_within_balance" => BalanceTooLow;
    /// The account would have more than one may.
    BalanceTooHigh: guard "balance_too_high" => BalanceTooHigh;
    /// No gift card has this code, or it is somebody else's, or past its time.
    GiftCardNotFound: guard "gift_card_not_found" => GiftCardNotFound;
    /// The gift card is the customer's already.
    GiftCardAssigned: guard "gift_card_assigned" => GiftCardAssigned;
    /// The event is a relay's, or not as it was read.
    EventMovedOn: guard "event_moved_on" => where_it_arises;
    /// The provider's reference belongs to another payment.
    PaymentReferenceTaken: unique "payment_reference" "payment.provider, payment.reference" => where_it_arises;
    /// The order changed since it was read.
    OrderChanged: guard "order_changed" => OrderBusy again_in 1;
    /// More pieces of a line than there are: somebody was faster.
    PiecesExceeded: check "shipped_is_within_ordered", check "delivered_is_within_shipped", check "returned_is_within_delivered" => OrderBusy again_in 1;
    /// The time in which goods of the order may come back is over.
    ReturnTooLate: guard "return_too_late" => ReturnTooLate;
    /// More money than there is to give back: somebody was faster.
    RefundExceeded: check "refund_is_within_line", check "refunded_is_within_captured", check "returned_is_within_drawn" => OrderBusy again_in 1;
    /// No money is waited for at the door.
    PaymentNotDue: guard "payment_not_due" => PaymentNotDue;
    /// The buyer's last confirm has just ended.
    CoolingDown: guard "cooling_down" => TooManyRequests;
    /// The order's money is not held for it.
    PaymentNotCapturable: guard "payment_not_capturable" => PaymentNotCapturable;
    /// The order's payment is in motion.
    OrderBusy: guard "order_busy" => OrderBusy again_in 1;
    /// No region, in a country whose regions have taxes of their own.
    RegionNeeded: guard "region_needed" => InvalidField;
    /// The currency has no row.
    CurrencyUnsupported: guard "currency_unsupported" => CurrencyUnsupported;
    /// A line has no price in the cart's new currency.
    SkuNotSold: guard "sku_not_sold" => SkuNotSoldInCurrency;
    /// The provider has told of it before.
    WebhookSeen: guard "webhook_seen" => Internal;
    /// It was told before.
    EventSeen: guard "event_seen" => Internal;
    /// No order has this id.
    OrderUnknown: guard "order_unknown" => OrderNotFound;
    /// The SKU has been changed since it was read.
    SkuChanged: guard "sku_changed" => Internal;
    /// The table has no such entry.
    EntryUnknown: guard "entry_unknown" => EntryNotFound;
    /// Stock names it.
    UsedByStock: guard "used_by_stock" => InUse;
    /// Shipping rates name it.
    UsedByRates: guard "used_by_rates" => InUse;
    /// Prices are in it.
    UsedByPrices: guard "used_by_prices" => InUse;
    /// Fees are in it.
    UsedByFees: guard "used_by_fees" => InUse;
    /// Live carts are in it.
    UsedByCarts: guard "used_by_carts" => InUse;
    /// The SKU has no row.
    SkuUnknown: guard "sku_unknown" => SkuNotFound;
    /// The warehouse has no row.
    WarehouseUnknown: guard "warehouse_unknown" => WarehouseUnknown;
    /// An adjustment below what is reserved.
    StockWouldBeNegative: guard "stock_would_be_negative" => StockNegative;
    /// A price of zero or less.
    PriceNotPositive: check "price_is_positive", check "special_price_is_positive" => InvalidField;
    /// A weight below zero.
    WeightNegative: check "weight_is_not_negative" => InvalidField;
}

impl Refusal {
    /// The refusal of a guard or a CHECK of this name.
    pub(crate) fn named(text: &str) -> Option<Self> {
        find(|said| matches!(said, Said::Name(name) if *name == text))
    }

    /// The refusal of a unique index, by its name.
    pub(crate) fn of_index(text: &str) -> Option<Self> {
        find(|said| matches!(said, Said::Unique { index, .. } if *index == text))
    }

    /// The refusal of a unique index, by its table and columns.
    pub(crate) fn of_columns(text: &str) -> Option<Self> {
        find(|said| matches!(said, Said::Unique { columns, .. } if *columns == text))
    }
}

fn find(is: impl Fn(&Said) -> bool) -> Option<Refusal> {
    SAID.iter().find(|(said, _)| is(said)).map(|(_, refusal)| *refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_database_says_each_word_of_one_refusal_alone() {
        let mut words = BTreeSet::new();
        for (said, refusal) in SAID {
            let fresh = match said {
                Said::Name(name) => words.insert(*name) && Refusal::named(name) == Some(*refusal),
                Said::Unique { index, columns } => {
                    words.insert(index)
                        && words.insert(columns)
                        && Refusal::of_index(index) == Some(*refusal)
                        && Refusal::of_columns(columns) == Some(*refusal)
                }
            };
            assert!(fresh, "{refusal:?}");
        }
    }
}
