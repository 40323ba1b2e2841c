//! What a failed statement means: one table from the database's words to a refusal.

use ports::SqlError;

/// Why a command changed nothing. Each is a guard's `RAISE` or a constraint of the schema, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No live cart of this owner.
    CartNotFound,
    /// The owner has a live cart already.
    CartExists,
    /// A confirm holds the cart.
    CartLocked,
    /// The cart was completed by an order.
    CartConverted,
    /// The cart is not as it was when the totals were shown.
    CartChanged,
    /// `If-Match` names another version.
    VersionConflict,
    /// No such line.
    LineNotFound,
    /// More lines than a cart may have.
    TooManyLines,
    /// A quantity outside 1…the limit.
    QuantityOutOfRange,
    /// No such share of the cart that still opens it.
    ShareNotFound,
    /// As many shares as a cart may have.
    TooManyShares,
    /// The idempotency key was used before: its receipt answers.
    IdempotencyKeySeen,
    /// The session is not open (any more).
    SessionClosed,
    /// Another confirm of this owner is running.
    ConfirmInProgress,
    /// A price or a SKU changed between reading and claiming.
    PricesMoved,
    /// Less stock than asked for.
    InsufficientStock,
    /// A reservation ended before its order was made.
    ReservationExpired,
    /// Another driver took the saga over.
    SagaMovedOn,
    /// The compensation is another's, or not as it was read.
    CompensationMovedOn,
    /// Another compensation of the same payment is being tried.
    CompensationReplaced,
    /// The event is a relay's, or not as it was read.
    EventMovedOn,
    /// The provider's reference belongs to another payment.
    PaymentReferenceTaken,
    /// The order changed since it was read.
    OrderChanged,
    /// The order's payment is in motion.
    OrderBusy,
    /// The currency has no row.
    CurrencyUnsupported,
    /// The SKU has no row.
    SkuUnknown,
    /// The warehouse has no row.
    WarehouseUnknown,
    /// An adjustment below what is reserved.
    StockWouldBeNegative,
    /// A price of zero or less.
    PriceNotPositive,
    /// A weight below zero.
    WeightNegative,
}

/// Named guards and CHECK constraints, as SQLite's message ends and as PostgreSQL names them.
const NAMED: &[(&str, Refusal)] = &[
    ("cart_not_found", Refusal::CartNotFound),
    ("cart_locked", Refusal::CartLocked),
    ("confirm_in_progress", Refusal::ConfirmInProgress),
    ("cart_converted", Refusal::CartConverted),
    ("cart_changed", Refusal::CartChanged),
    ("version_conflict", Refusal::VersionConflict),
    ("line_not_found", Refusal::LineNotFound),
    ("too_many_lines", Refusal::TooManyLines),
    ("quantity_out_of_range", Refusal::QuantityOutOfRange),
    ("quantity_is_1_to_10000", Refusal::QuantityOutOfRange),
    ("share_not_found", Refusal::ShareNotFound),
    ("too_many_shares", Refusal::TooManyShares),
    ("session_closed", Refusal::SessionClosed),
    ("prices_moved", Refusal::PricesMoved),
    ("insufficient_stock", Refusal::InsufficientStock),
    ("reserved_is_within_on_hand", Refusal::InsufficientStock),
    ("reservation_expired", Refusal::ReservationExpired),
    ("saga_moved_on", Refusal::SagaMovedOn),
    ("compensation_moved_on", Refusal::CompensationMovedOn),
    ("compensation_replaced", Refusal::CompensationReplaced),
    ("event_moved_on", Refusal::EventMovedOn),
    ("order_changed", Refusal::OrderChanged),
    ("order_busy", Refusal::OrderBusy),
    ("currency_unsupported", Refusal::CurrencyUnsupported),
    ("sku_unknown", Refusal::SkuUnknown),
    ("warehouse_unknown", Refusal::WarehouseUnknown),
    ("stock_would_be_negative", Refusal::StockWouldBeNegative),
    ("price_is_positive", Refusal::PriceNotPositive),
    ("weight_is_not_negative", Refusal::WeightNegative),
];

/// Unique indexes: what SQLite says of them (table and columns), and their name, which PostgreSQL says.
const UNIQUE: &[(&str, &str, Refusal)] = &[
    ("idempotency.idempotency_key", "idempotency_key_is_used_once", Refusal::IdempotencyKeySeen),
    ("cart.owner", "cart_live_per_owner", Refusal::CartExists),
    ("saga.owner", "saga_live_per_owner", Refusal::ConfirmInProgress),
    ("confirm_key.owner, confirm_key.idempotency_key", "confirm_key_is_taken_once", Refusal::IdempotencyKeySeen),
    ("orders.cart_id", "order_of_cart", Refusal::CartConverted),
    ("payment.provider, payment.reference", "payment_reference", Refusal::PaymentReferenceTaken),
];

/// Why a store call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A guard or constraint said no; nothing has changed.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A lock was not to be had in time, or two transactions were in each other's way; nothing has changed, try again.
    #[error("database busy in {name}")]
    Busy {
        /// The statement.
        name: &'static str,
    },
    /// The database is not to be reached, or went away under the statement: whether it was applied is not known.
    #[error("database unavailable in {name}: {text}")]
    Unavailable {
        /// The statement.
        name: &'static str,
        /// The host's words, for the log.
        text: String,
    },
    /// The database lacks a table or column this code needs: it must be migrated.
    #[error("schema outdated in {name}: {text}")]
    SchemaOutdated {
        /// The statement.
        name: &'static str,
        /// The database's words, for the log.
        text: String,
    },
    /// The database failed, or answered what cannot be understood.
    #[error("database failed in {name}: {text}")]
    Failed {
        /// The statement.
        name: &'static str,
        /// The database's words, for the log.
        text: String,
    },
}

impl StoreError {
    pub(crate) fn undecodable(name: &'static str, text: &str) -> Self {
        Self::Failed { name, text: text.to_owned() }
    }
}

/// Reads a database error: PostgreSQL's by its SQLSTATE, SQLite's, which has none, by its text.
pub(crate) fn classify(name: &'static str, error: &SqlError) -> StoreError {
    let text = error.text.trim();
    let constraint = error.constraint.as_deref().unwrap_or_default();
    let refused =
        |refusal: Option<Refusal>| refusal.map_or_else(|| StoreError::Failed { name, text: text.to_owned() }, StoreError::Refused);
    match error.code.as_str() {
        "" if text.contains("database is locked") || text.contains("database table is locked") => StoreError::Busy { name },
        "" if SQLITE_OUTDATED.iter().any(|sign| text.contains(sign)) => StoreError::SchemaOutdated { name, text: text.to_owned() },
        "" => refused(match text.split_once("UNIQUE constraint failed: ") {
            Some((_, columns)) => unique(|(known, ..)| *known == columns),
            None => named(last_word(text)),
        }),
        // A command's `raise exception 'code'`; then the constraints, unique and check.
        "P0001" => refused(named(last_word(text))),
        "23505" => refused(unique(|(_, known, _)| *known == constraint)),
        "23514" => refused(named(constraint)),
        // Serialization, deadlock, lock_timeout, statement_timeout, no connection left.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => StoreError::Busy { name },
        // No connection or a broken one; shut down, crashed, starting, dropped; idle too long; a standby, which only reads.
        "08001" | "08006" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25006" => {
            StoreError::Unavailable { name, text: text.to_owned() }
        }
        // No such table, column, function.
        "42P01" | "42703" | "42883" => StoreError::SchemaOutdated { name, text: text.to_owned() },
        _ => refused(None),
    }
}

/// How SQLite says that a table or column is missing.
const SQLITE_OUTDATED: [&str; 3] = ["no such table", "no such column", "has no column named"];

fn unique(is: impl Fn(&&(&str, &str, Refusal)) -> bool) -> Option<Refusal> {
    UNIQUE.iter().find(is).map(|(.., refusal)| *refusal)
}

/// A bare `RAISE` code, or a CHECK's name.
fn named(name: &str) -> Option<Refusal> {
    NAMED.iter().find(|(named, _)| *named == name).map(|(_, refusal)| *refusal)
}

/// The code or name in what SQLite says: `code`, `CHECK constraint failed: name`.
fn last_word(text: &str) -> &str {
    text.rsplit([' ', ':']).next().unwrap_or(text)
}
