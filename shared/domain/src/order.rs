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

    /// Whether it may still be cancelled: until anything has left a warehouse.
    #[must_use]
    pub fn may_cancel(self) -> bool {
        self.legal_next().contains(&Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
