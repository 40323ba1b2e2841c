//! Orders: look, list, review, ship, cancel, take their money, and create for a service.

mod cancel;
mod cancel_lines;
mod capture;
mod collect;
mod create;
mod export;
mod find;
mod list;
mod refund;
mod returns;
mod seen;
mod ship;
mod statistics;
mod status;
mod told;
mod unpaid;
mod view;

pub use cancel::{CancelOrder, OrderCancelled, cancel, deny};
pub use cancel_lines::{CancelLines, LinesCancelled, cancel_lines};
pub use capture::{CaptureAsked, CaptureOrder, capture};
pub use collect::{CashCollected, CollectCash, collect};
pub use create::{CreateOrder, create};
pub use export::{ExportOrders, export};
pub use list::{ListOrders, OrderPage, OrderSummary, list};
pub use refund::{Refund, RefundMade, RefundOrder, RefundParts, preview_refund, refund};
pub use returns::{
    DecideReturn, ReceiveReturn, RequestReturn, Return, ReturnMoved, approve_return,
    receive_return, refuse_return, request_return, withdraw_return,
};
pub use ship::{DeliverShipment, LinePart, ShipOrder, Shipped, deliver, ship};
pub use statistics::{AskStatistics, OrderStatistics, statistics};
pub use status::{OrderMoved, ReleaseOrder, SetStatus, release, set_status};
pub(crate) use told::{
    Arrived, Fulfilment, PaidElsewhere, Telling, fulfilment_moved, payment_confirmed,
    payment_failed, reservation_expired, shipment_arrived,
};
pub use view::{
    Order, OrderLine, Payment, RatedFor, Shipment, StatusChange, StatusHistory, by_id, by_number,
    status_history,
};

pub(crate) use cancel::review_due;
pub(crate) use capture::capture_due;
pub(crate) use refund::{REFUND, ends as ends_when_refunded};
pub(crate) use unpaid::end_unpaid;
pub(crate) use view::{LineDetail, OrderDetail, OrderRow, render};

use terms::{Code, Problem};

/// No such order of this caller's: the same answer whether it is missing or somebody else's, and a
/// line of the log (CART-2). No row counts them: strangers would choose how often it is written.
fn not_found() -> Problem {
    terms::log("info", "order not found", &[]);
    Problem::new(Code::OrderNotFound)
}
