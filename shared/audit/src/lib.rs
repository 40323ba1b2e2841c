//! The consistency audit (WRK-5): what must hold between any two commands, each rule as one SELECT.
//!
//! The statements are this crate's own and not `store`'s: an audit that shared them would share
//! their mistakes. They read, and decide nothing; who looks, raises the alert.
//!
//! A rule looks at the rows of one [`Walk`]. There are two ways to look, over the same rules:
//!
//! - [`whole`]: all rules over all rows, in one statement and so in one snapshot. For tests.
//! - [`turn`]: the rules of one walk over the next rows of its table by primary key, or over the
//!   most overdue ones. A shop of millions of rows is looked at a bounded piece at a time, each
//!   piece in one statement and one snapshot: what is half-way in one command is never seen.
//!
//! Stock is what all its movements have led to, and those are never bounded. So the audit keeps
//! their sums as far as it has read them, in rows of `counter` named `audit/…` ([`fold`]), and a
//! turn adds what came since.
//!
//! ```text
//! audit::whole(dialect)               {overdue_ms, event_age_ms}           ->  {rule, subject, detail} …
//! audit::turn(walk, limit, dialect)   {after, overdue_ms, event_age_ms}    ->  {looked, last} and the same
//! ```

mod rules;
mod text;

pub use rules::rules;
pub use text::{fold, fold_begin, in_dialect, turn, unfolded, whole};

/// Something that must hold of every row of a walk.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name, in alerts, logs and `docs/audit.md`.
    pub code: &'static str,
    /// What must hold.
    pub sentence: &'static str,
    /// Where whoever is told of a violation begins to look.
    pub look_at: &'static str,
    /// The rows it looks at, by [`Walk::name`].
    pub walk: &'static str,
    /// The key of a row that breaks it.
    subject: &'static str,
    /// What of the row says so, as JSON.
    detail: &'static str,
    /// The rows that break it: what follows a SELECT's columns.
    broken: &'static str,
}

/// Rows that are looked at, and in which order.
#[derive(Debug)]
pub struct Walk {
    /// Its name, under which the next turn's beginning is kept.
    pub name: &'static str,
    table: &'static str,
    /// Which rows of the table.
    only: &'static str,
    order: Order,
}

/// How a walk goes through its rows, a piece at a time.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// All of them in turn, by a text key.
    ByKey(&'static str),
    /// All of them in turn, by the first column of a key of several; those that share it are one
    /// piece.
    ByFirstOfKey(&'static str),
    /// All of them in turn, by a number.
    ByNumber(&'static str),
    /// Those with the smallest value of an indexed column, every time.
    OldestBy(&'static str),
}

/// All walks, in the order of a whole look.
pub const WALKS: &[Walk] = &[
    walk("carts", "cart", Order::ByKey("cart_id")),
    walk("sessions", "checkout_session", Order::ByKey("session_id")),
    walk("sagas", "saga", Order::ByKey("saga_id")),
    walk("payments", "payment", Order::ByKey("payment_id")),
    walk("compensations", "compensation", Order::ByKey("compensation_id")),
    walk("orders", "orders", Order::ByKey("order_id")),
    walk("accounts", "account", Order::ByKey("account_id")),
    walk("order_lines", "order_line", Order::ByFirstOfKey("order_id")),
    walk("reservations", "reservation", Order::ByKey("reservation_id")),
    walk("stock", "stock", Order::ByFirstOfKey("sku")),
    walk("movements", "stock_movement", Order::ByNumber("movement_id")),
    walk("events", "outbox", Order::ByNumber("outbox_id")),
    walk("promotions", "promotion", Order::ByKey("promotion_id")),
    walk("promotion_codes", "promotion_code", Order::ByKey("code")),
    walk("promotion_uses", "promotion_use", Order::ByFirstOfKey("saga_id")),
    walk("draws", "draw", Order::ByFirstOfKey("saga_id")),
    walk("rewards", "reward", Order::ByKey("grant_id")),
    walk("receipts", "idempotency", Order::ByKey("idempotency_key")),
    oldest(
        "running_sagas",
        "saga",
        "state in ('authorizing', 'awaiting_action', 'capturing')",
        "next_attempt_at_ms",
    ),
    oldest("owed", "compensation", "state = 'pending'", "next_attempt_at_ms"),
    oldest("live_reservations", "reservation", "status = 'active'", "expires_at_ms"),
    oldest("waiting_events", "outbox", "state = 'pending'", "outbox_id"),
    oldest("due_orders", "orders", "due_at_ms > 0", "due_at_ms"),
    oldest("waiting_told", "inbox", "state = 'pending' and state <> 'done'", "next_attempt_at_ms"),
    oldest("dead_told", "inbox", "state = 'dead' and state <> 'done'", "next_attempt_at_ms"),
];

const fn walk(name: &'static str, table: &'static str, order: Order) -> Walk {
    Walk { name, table, only: "1 = 1", order }
}

const fn oldest(
    name: &'static str,
    table: &'static str,
    only: &'static str,
    by: &'static str,
) -> Walk {
    Walk { name, table, only, order: Order::OldestBy(by) }
}
