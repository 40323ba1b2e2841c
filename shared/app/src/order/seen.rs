//! An order as whoever changes it has read it: what a decision is made of, and fenced by.

use super::{
    refund::SeenRefund,
    returns::SeenReturn,
    view::{Which, read},
};
use crate::{
    change::{Applied, Apply as _},
    events::{AccountDrawn, Event, OrderStatusChanged},
    fraud::Hold,
    payment::NO_PROVIDER,
    problem::{illegal, refused_at},
    shop::Shop,
};
use callers::OwnerOrService;
use domain::{
    ids::{
        AccountId, CartId, CustomerId, OrderId, OrderNumber, PaymentId, SagaId, ShipmentId, Sku,
    },
    money::{Currency, Money},
    order::{OrderStatus, Pieces},
    payment::{OfflineMethod, PaymentState},
    shipment::TrackingNumber,
    stored_value::{AccountKind, EntryKind},
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
    pub(super) draws: Vec<SeenDraw>,
    pub(super) refunds: Vec<SeenRefund>,
    pub(super) returns: Vec<SeenReturn>,
    pub(super) detail: SeenDetail,
}

/// A line of it.
#[derive(Deserialize)]
pub(super) struct SeenLine {
    pub(super) line_no: i64,
    pub(super) sku: Sku,
    pub(super) quantity: i64,
    cancelled_quantity: i64,
    shipped_quantity: i64,
    delivered_quantity: i64,
    returned_quantity: i64,
    pub(super) refunded_quantity: i64,
    pub(super) refunded_minor: i64,
    pub(super) total_minor: i64,
    pub(super) tax_minor: i64,
}

/// What else it cost.
#[derive(Deserialize)]
pub(super) struct SeenDetail {
    pub(super) shipping: Option<Charged>,
    pub(super) fees: Option<Vec<Charged>>,
}

/// What was paid for something, with the tax and without.
#[derive(Deserialize)]
pub(super) struct Charged {
    pub(super) total: Money,
    pub(super) tax_base: Money,
}

/// What an account has paid of it.
#[derive(Deserialize)]
pub(super) struct SeenDraw {
    pub(super) account_id: AccountId,
    kind: AccountKind,
    customer_id: Option<CustomerId>,
    pub(super) units: i64,
    pub(super) amount_minor: i64,
    returned_units: i64,
}

impl SeenDraw {
    /// What of it is not back yet.
    pub(super) const fn left(&self) -> i64 {
        self.units.saturating_sub(self.returned_units)
    }

    /// That so much of it is back, if it is anything.
    pub(super) fn comes_back(
        &self,
        shop: &Shop<'_>,
        order_id: &OrderId,
        entry: EntryKind,
        amount_minor: i64,
    ) -> Option<Event> {
        let Self { account_id, kind, customer_id, .. } = self;
        let (kind, customer_id) = (*kind, customer_id.clone());
        let drawn = AccountDrawn { account_id, order_id, kind, entry, amount_minor, customer_id };
        (amount_minor > 0).then(|| Event::of(shop, &drawn))
    }
}

/// What of it left together.
#[derive(Deserialize)]
pub(super) struct SeenShipment {
    pub(super) shipment_id: ShipmentId,
    pub(super) lines: Vec<PartOfLine>,
    pub(super) tracking_number: Option<TrackingNumber>,
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
    refunded_minor: i64,
    refunding_minor: i64,
}

impl SeenPayment {
    /// What of it has gone back, or is on its way.
    pub(super) const fn returned_minor(&self) -> i64 {
        self.refunded_minor.saturating_add(self.refunding_minor)
    }

    /// Whether nothing of it is on its way back.
    pub(super) const fn is_settled(&self) -> bool {
        self.refunding_minor == 0
    }

    /// What was taken of it and stays.
    pub(super) const fn left_minor(&self) -> i64 {
        self.captured_minor.saturating_sub(self.returned_minor())
    }

    /// Whether somebody outside holds or has the money.
    pub(super) fn asks_somebody(&self) -> bool {
        self.provider != NO_PROVIDER
    }

    /// How it is made, where no provider is asked.
    pub(super) fn offline(&self) -> Option<OfflineMethod> {
        self.method.parse().ok()
    }

    /// How it is to be made yet, where no provider is asked.
    pub(super) fn awaited(&self) -> Option<OfflineMethod> {
        self.offline().filter(|_| self.state == PaymentState::Pending)
    }
}

impl SeenLine {
    /// How many have arrived and are not back.
    pub(super) const fn to_come_back(&self) -> i64 {
        self.delivered_quantity.saturating_sub(self.returned_quantity)
    }

    pub(super) const fn pieces(&self) -> Pieces {
        Pieces {
            ordered: self.quantity,
            cancelled: self.cancelled_quantity,
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

    /// How its payment is to be made yet, where no provider is asked.
    pub(super) fn awaits(&self) -> Option<OfflineMethod> {
        self.payment.as_ref().and_then(SeenPayment::awaited)
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

    /// A line by its number.
    pub(super) fn line(&self, line_no: i64) -> Option<&SeenLine> {
        self.lines.iter().find(|line| line.line_no == line_no)
    }

    /// Holds pieces of lines, as line and quantity, against what there is of them: each line once, and
    /// no more than `most` says.
    ///
    /// # Errors
    /// `invalid_field` that names the one that cannot be.
    pub(super) fn holds(
        &self,
        asked: &[(i64, i64)],
        most: impl Fn(&SeenLine) -> i64,
    ) -> Result<(), Problem> {
        if asked.is_empty() {
            return Err(Problem::invalid_field("/lines", "must name at least one line"));
        }
        for (index, &(line_no, quantity)) in asked.iter().enumerate() {
            let wrong = |member: &str, right: String| {
                Err(Problem::invalid_field(format!("/lines/{index}/{member}"), right))
            };
            let Some(line) = self.line(line_no) else {
                return wrong("line_no", "must be a line of the order".to_owned());
            };
            if asked.iter().take(index).any(|(before, _)| *before == line_no) {
                return wrong("line_no", "must be named once".to_owned());
            }
            let most = most(line);
            if !(1..=most).contains(&quantity) {
                return wrong("quantity", format!("must be from 1 to {most}, which are left"));
            }
        }
        Ok(())
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
        self.apply(shop, change, command, (nowhere, by), json!({}))?.done(|refusal| {
            if refusal == Refusal::OrderChanged {
                problem
            } else {
                refused_at(refusal, self.version)
            }
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

/// Whoever calls, as the history names them.
pub(super) fn actor_of(caller: &OwnerOrService) -> String {
    match caller {
        OwnerOrService::Owner(owner) => owner.to_string(),
        OwnerOrService::Service(service) => service.actor(),
    }
}

/// Who changes it, and why, as the history has it.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) actor: &'a str,
    pub(super) reason: &'a str,
}
