//! The life of an order.

named_enum! {
    /// Where an order is in its life.
    pub enum OrderStatus("an order status") {
        /// Being written; nobody has been asked for money.
        Draft = "draft",
        /// Waiting for its payment.
        Pending = "pending",
        /// Waiting for a person to let it go or to deny it.
        OnHold = "on_hold",
        /// Paid, or its payment is held, or it is paid on delivery: it will be fulfilled.
        Confirmed = "confirmed",
        /// In a warehouse's hands.
        Processing = "processing",
        /// A part of it has left.
        PartiallyShipped = "partially_shipped",
        /// All of it has left.
        Shipped = "shipped",
        /// All of it has arrived.
        Delivered = "delivered",
        /// Called off before anything left.
        Cancelled = "cancelled",
        /// All its money has gone back.
        Refunded = "refunded",
        /// It came to nothing by itself: its payment failed for good.
        Failed = "failed",
    }
}

impl OrderStatus {
    /// Where an order can go from here: the one table of moves. What a statement may move an order
    /// from is asked here, and passed in.
    #[must_use]
    pub const fn legal_next(self) -> &'static [Self] {
        match self {
            Self::Draft => {
                &[Self::Pending, Self::OnHold, Self::Confirmed, Self::Cancelled, Self::Failed]
            }
            Self::Pending => &[Self::OnHold, Self::Confirmed, Self::Cancelled, Self::Failed],
            // Released to where its payment stands, or denied.
            Self::OnHold => &[Self::Pending, Self::Confirmed, Self::Cancelled, Self::Failed],
            Self::Confirmed => &[Self::OnHold, Self::Processing, Self::Cancelled],
            Self::Processing => &[Self::PartiallyShipped, Self::Shipped, Self::Cancelled],
            // Once anything has left, an order is not cancelled: it is returned.
            Self::PartiallyShipped => &[Self::Shipped],
            Self::Shipped => &[Self::Delivered, Self::Refunded],
            Self::Delivered => &[Self::Refunded],
            // Cancelling asks for the money back; this is when it has gone.
            Self::Cancelled => &[Self::Refunded],
            Self::Refunded | Self::Failed => &[],
        }
    }

    /// Whether an order comes to it by what becomes of its pieces, as [`of_pieces`] says.
    #[must_use]
    pub const fn follows_from_pieces(self) -> bool {
        match self {
            Self::PartiallyShipped | Self::Shipped | Self::Delivered => true,
            Self::Draft
            | Self::Pending
            | Self::OnHold
            | Self::Confirmed
            | Self::Processing
            | Self::Cancelled
            | Self::Refunded
            | Self::Failed => false,
        }
    }

    /// Whether its money may be taken: not of one that ended, and not of one that waits for a person.
    #[must_use]
    pub const fn takes_money(self) -> bool {
        match self {
            Self::Confirmed
            | Self::Processing
            | Self::PartiallyShipped
            | Self::Shipped
            | Self::Delivered => true,
            Self::Draft
            | Self::Pending
            | Self::OnHold
            | Self::Cancelled
            | Self::Refunded
            | Self::Failed => false,
        }
    }

    /// Whether pieces of it that have not left may be cancelled.
    #[must_use]
    pub fn may_cancel_lines(self) -> bool {
        self.may_cancel() || self == Self::PartiallyShipped
    }

    /// Whether it may still be cancelled: until anything has left a warehouse.
    #[must_use]
    pub fn may_cancel(self) -> bool {
        self.legal_next().contains(&Self::Cancelled)
    }
}

/// What has become of the pieces of one line of an order (ORD-15): each counter is within the one
/// before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// How many were ordered.
    pub ordered: i64,
    /// How many of them were cancelled before they left.
    pub cancelled: i64,
    /// How many of them have left a warehouse.
    pub shipped: i64,
    /// How many of those have arrived.
    pub delivered: i64,
}

impl Pieces {
    /// How many are to leave yet.
    #[must_use]
    pub const fn to_ship(self) -> i64 {
        self.ordered.saturating_sub(self.cancelled).saturating_sub(self.shipped)
    }

    /// How many are on their way.
    #[must_use]
    pub const fn on_the_way(self) -> i64 {
        self.shipped.saturating_sub(self.delivered)
    }
}

/// Where an order is that a warehouse works on, by its lines: the one function that says it.
#[must_use]
pub fn of_pieces(lines: impl IntoIterator<Item = Pieces>) -> OrderStatus {
    let (mut to_ship, mut shipped, mut on_the_way) = (false, false, false);
    for line in lines {
        to_ship |= line.to_ship() > 0;
        shipped |= line.shipped > 0;
        on_the_way |= line.on_the_way() > 0;
    }
    match (shipped, to_ship, on_the_way) {
        (false, _, _) => OrderStatus::Processing,
        (true, true, _) => OrderStatus::PartiallyShipped,
        (true, false, true) => OrderStatus::Shipped,
        (true, false, false) => OrderStatus::Delivered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces((ordered, shipped, delivered): (i64, i64, i64)) -> Pieces {
        Pieces { ordered, cancelled: 0, shipped, delivered }
    }

    #[test]
    fn where_an_order_is_follows_from_its_pieces() {
        let at = |lines: &[(i64, i64, i64)]| of_pieces(lines.iter().copied().map(pieces)).as_str();
        assert_eq!(at(&[(2, 0, 0), (1, 0, 0)]), "processing");
        assert_eq!(at(&[(2, 1, 0), (1, 0, 0)]), "partially_shipped");
        assert_eq!(at(&[(2, 2, 2), (1, 0, 0)]), "partially_shipped");
        assert_eq!(at(&[(2, 2, 0), (1, 1, 0)]), "shipped");
        assert_eq!(at(&[(2, 2, 2), (1, 1, 0)]), "shipped");
        assert_eq!(at(&[(2, 2, 2), (1, 1, 1)]), "delivered");
        let cancelled =
            |shipped, delivered| Pieces { ordered: 3, cancelled: 1, shipped, delivered };
        for (pieces, status) in [
            (cancelled(0, 0), "processing"),
            (cancelled(1, 1), "partially_shipped"),
            (cancelled(2, 1), "shipped"),
            (cancelled(2, 2), "delivered"),
        ] {
            assert_eq!(of_pieces([pieces]).as_str(), status);
        }
    }

    proptest! {
        /// One piece more that leaves, arrives or is cancelled never takes an order back, nor to where
        /// the table of moves does not lead, by way of `shipped` where the last that was to leave is
        /// cancelled and all others have arrived.
        #[test]
        fn what_leaves_and_arrives_only_leads_on(
            ordered in prop::collection::vec(1..4_i64, 1..4),
            steps in prop::collection::vec((0..4_usize, 0..3_u8), 1..24),
        ) {
            let mut lines: Vec<Pieces> = ordered.into_iter().map(|ordered| pieces((ordered, 0, 0))).collect();
            let mut at = OrderStatus::Processing;
            for (index, step) in steps {
                let all_left = lines.iter().all(|line| line.to_ship() == 0);
                let index = index % lines.len();
                let line = &mut lines[index];
                if step == 0 && line.to_ship() > 0 {
                    line.shipped += 1;
                } else if step == 1 && line.ordered > line.cancelled + 1 && line.to_ship() > 0 {
                    line.cancelled += 1;
                } else if line.on_the_way() > 0 && all_left {
                    line.delivered += 1;
                }
                let now = of_pieces(lines.iter().copied());
                let by_way = step == 1 && (at, now) == (OrderStatus::PartiallyShipped, OrderStatus::Delivered);
                prop_assert!(now == at || by_way || at.legal_next().contains(&now), "{at} to {now}");
                at = now;
            }
        }
    }

    /// Every status by every status; `x` is a legal move.
    const GOLDEN: &str = "\
from              | draft pending on_hold confirmed processing partially_shipped shipped delivered cancelled refunded failed
draft             | .     x       x       x         .          .                 .       .         x         .        x
pending           | .     .       x       x         .          .                 .       .         x         .        x
on_hold           | .     x       .       x         .          .                 .       .         x         .        x
confirmed         | .     .       x       .         x          .                 .       .         x         .        .
processing        | .     .       .       .         .          x                 x       .         x         .        .
partially_shipped | .     .       .       .         .          .                 x       .         .         .        .
shipped           | .     .       .       .         .          .                 .       x         .         x        .
delivered         | .     .       .       .         .          .                 .       .         .         x        .
cancelled         | .     .       .       .         .          .                 .       .         .         x        .
refunded          | .     .       .       .         .          .                 .       .         .         .        .
failed            | .     .       .       .         .          .                 .       .         .         .        .
";

    #[test]
    fn the_table_of_moves_is_this_one() {
        assert_eq!(
            crate::text::matrix(OrderStatus::ALL, |from, to| from.legal_next().contains(&to)),
            GOLDEN
        );
    }

    #[test]
    fn an_order_may_be_cancelled_until_anything_has_left() {
        let may: Vec<&str> =
            OrderStatus::ALL.iter().filter(|s| s.may_cancel()).map(|s| s.as_str()).collect();
        assert_eq!(may, ["draft", "pending", "on_hold", "confirmed", "processing"]);
    }

    #[test]
    fn money_is_taken_of_an_order_that_goes_on() {
        let takes: Vec<&str> =
            OrderStatus::ALL.iter().filter(|s| s.takes_money()).map(|s| s.as_str()).collect();
        let goes_on = ["confirmed", "processing", "partially_shipped", "shipped", "delivered"];
        assert_eq!(takes, goes_on);
    }

    #[test]
    fn a_status_is_known_by_one_name_everywhere() {
        for (&status, &name) in OrderStatus::ALL.iter().zip(OrderStatus::NAMES) {
            assert_eq!(status.to_string(), name);
            assert_eq!(name.parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), serde_json::json!(name));
        }
        let refusal = "Shipped".parse::<OrderStatus>().unwrap_err().to_string();
        assert!(
            refusal.starts_with("an order status must be one of draft, pending, on_hold, "),
            "{refusal}"
        );
    }
}
