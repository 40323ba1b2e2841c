//! An order as whoever changes it has read it: what a decision is made of, and fenced by.

use super::view::{Which, read};
use crate::{
    change::{Applied, Apply as _},
    events::OrderStatusChanged,
    fraud::Hold,
    payment::{CASH_ON_DELIVERY, NO_PROVIDER},
    problem::{illegal, refused_at},
    saga::PlannedDraw,
    shop::Shop,
};
use domain::{
    ids::{CartId, OrderId, OrderNumber, PaymentId, SagaId, ShipmentId, Sku},
    money::{Currency, Money},
    order::{OrderStatus, Pieces},
    payment::PaymentState,
};
use json::{Value, json};
use serde::Deserialize;
use store::{Command, Refusal};
use terms::{Done, KeyedChange, Problem, Rendered};

/// An order.
#[derive(Deserialize)]
pub(super) struct Seen {
    pub(super) order_id: OrderId,
    pub(super) order_number: OrderNumber,
    pub(super) cart_id: CartId,
    pub(super) status: OrderStatus,
    pub(super) version: i64,
    pub(super) currency: Currency,
    pub(super) total_minor: i64,
    pub(super) hold: Option<Hold>,
    pub(super) lines: Vec<SeenLine>,
    pub(super) shipments: Vec<SeenShipment>,
    pub(super) payment: Option<SeenPayment>,
    /// What accounts have paid of it.
    pub(super) draws: Vec<PlannedDraw>,
}

/// A line of it.
#[derive(Deserialize)]
pub(super) struct SeenLine {
    pub(super) line_no: i64,
    pub(super) sku: Sku,
    quantity: i64,
    shipped_quantity: i64,
    delivered_quantity: i64,
}

/// What of it left together.
#[derive(Deserialize)]
pub(super) struct SeenShipment {
    pub(super) shipment_id: ShipmentId,
    pub(super) lines: Vec<PartOfLine>,
    pub(super) delivered_at_ms: Option<i64>,
}

/// So many pieces of a line.
#[derive(Deserialize)]
pub(super) struct PartOfLine {
    pub(super) line_no: i64,
    pub(super) quantity: i64,
}

/// How it is paid, but for what accounts paid.
#[derive(Deserialize)]
pub(super) struct SeenPayment {
    pub(super) payment_id: PaymentId,
    pub(super) saga_id: SagaId,
    pub(super) state: PaymentState,
    provider: String,
    method: String,
    pub(super) amount_minor: i64,
    pub(super) captured_minor: i64,
    pub(super) refunded_minor: i64,
}

impl SeenPayment {
    /// Whether somebody outside holds or has the money.
    pub(super) fn asks_somebody(&self) -> bool {
        self.provider != NO_PROVIDER
    }

    /// Whether it is made at the door (CHK-11).
    pub(super) fn is_at_the_door(&self) -> bool {
        self.method == CASH_ON_DELIVERY
    }
}

impl SeenLine {
    pub(super) const fn pieces(&self) -> Pieces {
        Pieces {
            ordered: self.quantity,
            shipped: self.shipped_quantity,
            delivered: self.delivered_quantity,
        }
    }
}

impl Seen {
    /// As it stands, of `owner` or of anybody.
    ///
    /// # Errors
    /// `order_not_found`.
    pub(super) fn read(
        shop: &Shop<'_>,
        owner: Option<&str>,
        order_id: &OrderId,
    ) -> Result<Self, Problem> {
        read(shop, owner, Which::Id(order_id))
    }

    pub(super) fn money(&self, amount_minor: i64) -> Money {
        Money::new(amount_minor, self.currency)
    }

    pub(super) fn payment_status(&self) -> Option<PaymentState> {
        self.payment.as_ref().map(|payment| payment.state)
    }

    /// That it comes to another state by `actor`.
    pub(super) fn changed<'a>(
        &'a self,
        actor: &'a str,
        status: OrderStatus,
    ) -> OrderStatusChanged<'a> {
        let Self { order_id, order_number, cart_id, status: from_status, .. } = self;
        OrderStatusChanged {
            order_id,
            order_number,
            cart_id,
            actor,
            status,
            from_status: *from_status,
        }
    }

    /// Fires `command`, which changes it, if it is still as it was read and in a state that
    /// `allows` it. Whether that was so is in what comes back.
    pub(super) fn apply(
        &self,
        shop: &Shop<'_>,
        change: &KeyedChange,
        command: &Command,
        (allows, by): (fn(OrderStatus) -> bool, By<'_>),
        input: Value,
    ) -> Result<Applied, Problem> {
        change.apply(shop, by.actor, command, self.fenced(allows, by, input))
    }

    /// Answers what cannot be done any more: as the first time, if it was done before under this
    /// key, and with `problem` otherwise. Nothing is changed.
    pub(super) fn only_replayed<T>(
        &self,
        shop: &Shop<'_>,
        change: &KeyedChange,
        command: &Command,
        by: By<'_>,
        problem: Problem,
    ) -> Result<Done<Rendered<T>>, Problem> {
        let nowhere = |_| false;
        self.apply(shop, change, command, (nowhere, by), json!({}))?.done(|refusal| match refusal {
            Refusal::OrderChanged => problem,
            other => refused_at(other, self.version),
        })
    }

    /// The input of a command that changes it, with what every one of them asks for.
    pub(super) fn fenced(
        &self,
        allows: fn(OrderStatus) -> bool,
        by: By<'_>,
        mut input: Value,
    ) -> Value {
        let legal_from: Vec<OrderStatus> =
            OrderStatus::ALL.iter().copied().filter(|status| allows(*status)).collect();
        if let Some(input) = input.as_object_mut() {
            json::member(input, "order_id", &self.order_id);
            json::member(input, "order_version", &self.version);
            json::member(input, "legal_from", &legal_from);
            json::member(input, "actor", &by.actor);
            json::member(input, "reason", &by.reason);
        }
        input
    }

    /// What is told of a refusal: that its state allows it not, with what it allows, or that
    /// somebody else was faster.
    pub(super) fn refused(&self, allows: fn(OrderStatus) -> bool, refusal: Refusal) -> Problem {
        if refusal == Refusal::OrderChanged && !allows(self.status) {
            return illegal(self.status);
        }
        refused_at(refusal, self.version)
    }
}

/// Who changes it, and why, as the history has it.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) actor: &'a str,
    pub(super) reason: &'a str,
}
